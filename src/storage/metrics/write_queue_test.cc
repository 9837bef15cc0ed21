#include "storage/metrics/write_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <utility>

namespace luma::storage {
namespace {

using testing::ElementsAre;

// Tells writes apart by the samples they say were stored.
QueuedWrite Numbered(uint64_t number) {
  QueuedWrite write;
  write.summary.samples_stored = number;
  return write;
}

// The numbers of the writes of each group, when `later` come while the first is stored.
std::vector<std::vector<uint64_t>> GroupsOf(std::vector<QueuedWrite> later) {
  std::promise<void> first_started;
  std::promise<void> first_may_end;
  std::vector<std::vector<uint64_t>> groups;
  {
    WriteQueue queue([&](const WriteGroup& group) {
      std::vector<uint64_t>& numbers = groups.emplace_back();
      for (const QueuedWrite& write : group) numbers.push_back(write.summary.samples_stored);
      if (groups.size() > 1) return;
      first_started.set_value();
      first_may_end.get_future().wait();
    });
    queue.Push(Numbered(1));
    first_started.get_future().wait();
    for (QueuedWrite& write : later) queue.Push(std::move(write));
    first_may_end.set_value();
  }
  return groups;
}

TEST(WriteQueueTest, WhatComesDuringAGroupIsTheNextGroupInOrder) {
  std::vector<QueuedWrite> later;
  for (const uint64_t number : {2, 3, 4}) later.push_back(Numbered(number));
  EXPECT_THAT(GroupsOf(std::move(later)), ElementsAre(ElementsAre(1), ElementsAre(2, 3, 4)));
}

// A few samples can be many bytes: those of histograms.
TEST(WriteQueueTest, AGroupIsBoundedByItsBytes) {
  const std::string histogram(20 << 20, 'h');
  std::vector<QueuedWrite> later;
  for (const uint64_t number : {2, 3, 4, 5}) {
    QueuedWrite& write = later.emplace_back(Numbered(number));
    write.batch.StartSeries(LabelsView());
    const int histograms = number == 4 ? 4 : 1;  // alone it is too large for any group
    for (int i = 0; i < histograms; ++i) write.batch.AddHistogram(i, histogram);
  }
  EXPECT_THAT(GroupsOf(std::move(later)),
              ElementsAre(ElementsAre(1), ElementsAre(2, 3), ElementsAre(4), ElementsAre(5)));
}

TEST(WriteQueueTest, EndStoresWhatWasPushed) {
  size_t stored = 0;
  {
    WriteQueue queue([&](const WriteGroup& group) { stored += group.size(); });
    for (uint64_t number = 0; number < 100; ++number) queue.Push(Numbered(number));
  }
  EXPECT_EQ(stored, 100u);
}

}  // namespace
}  // namespace luma::storage
