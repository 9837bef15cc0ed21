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

TEST(WriteQueueTest, WhatComesDuringAGroupIsTheNextGroupInOrder) {
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
    for (const uint64_t number : {2, 3, 4}) queue.Push(Numbered(number));
    first_may_end.set_value();
  }
  EXPECT_THAT(groups, ElementsAre(ElementsAre(1), ElementsAre(2, 3, 4)));
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
