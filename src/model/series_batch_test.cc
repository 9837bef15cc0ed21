#include "model/series_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma {
namespace {

TEST(SeriesBatchTest, KeepsSeriesAndTheirSamplesApart) {
  SeriesBatch batch;
  std::vector<LabelRef> first{{"b", "2"}, {"a", "1"}};
  ASSERT_EQ(batch.StartSeries(first), LabelsOutcome::kOk);
  batch.AddSample({.timestamp = 10, .value = 1});
  batch.AddSample({.timestamp = 20, .value = 2});
  const Labels second = Labels::Of({{"a", "9"}}).value();
  batch.StartSeries(second);
  batch.AddSample({.timestamp = 30, .value = 3});

  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch.sample_count(), 3u);
  EXPECT_EQ(Labels(batch.series(0).labels), Labels::Of({{"a", "1"}, {"b", "2"}}).value());
  EXPECT_EQ(batch.series(0).samples.size(), 2u);
  EXPECT_EQ(batch.series(1).samples[0].timestamp, 30);
  EXPECT_EQ(batch.series(1).hash, second.Hash());
}

TEST(SeriesBatchTest, ASeriesMayHaveAnIdInsteadOfLabels) {
  SeriesBatch batch;
  batch.StartSeries(*Labels::Of({{"a", "1"}}));
  batch.StartSeries(SeriesId{7});
  batch.AddSample({.timestamp = 10, .value = 1});
  EXPECT_EQ(batch.series(0).id, kUnknownSeries);
  EXPECT_EQ(batch.series(1).id, SeriesId{7});
  EXPECT_TRUE(batch.series(1).labels.empty());
  EXPECT_EQ(batch.series(1).samples.size(), 1u);
}

TEST(SeriesBatchTest, ARefusedSeriesLeavesNoTraceAndClearKeepsMemory) {
  SeriesBatch batch;
  std::vector<LabelRef> good{{"a", "1"}};
  std::vector<LabelRef> bad{{"a", "1"}, {"a", "2"}};
  ASSERT_EQ(batch.StartSeries(good), LabelsOutcome::kOk);
  ASSERT_EQ(batch.StartSeries(bad), LabelsOutcome::kDuplicateName);
  batch.AddSample({.timestamp = 1, .value = 1});
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.series(0).samples.size(), 1u);

  const size_t before = batch.allocated_bytes();
  batch.Clear();
  EXPECT_EQ(batch.size(), 0u);
  EXPECT_EQ(batch.sample_count(), 0u);
  EXPECT_EQ(batch.allocated_bytes(), before);
}

TEST(SeriesBatchTest, StartTimesAndExemplarsBelongToTheirEntry) {
  SeriesBatch batch;
  batch.StartSeries(*Labels::Of({{"a", "1"}}));
  batch.AddSample({.timestamp = 10, .value = 1});
  batch.AddSample({.timestamp = 20, .value = 2});
  batch.SetStartTime(5);
  std::vector<LabelRef> trace{{"trace_id", "abc"}};
  ASSERT_EQ(batch.AddExemplar(15, 0.5, trace), LabelsOutcome::kOk);
  batch.RepeatSeries();
  batch.AddHistogram(30, "histogram");
  batch.StartSeries(SeriesId{7});
  batch.AddExemplar(16, 0.25, LabelsView());
  std::vector<LabelRef> long_label{{"a", "x"}};
  const std::string text(kExemplarCharsMax, 'x');
  long_label[0].value = text;
  ASSERT_EQ(batch.AddExemplar(17, 1, long_label), LabelsOutcome::kTooLong);

  const SeriesBatch::Series first = batch.series(0);
  ASSERT_EQ(first.start_times.size(), 1u);
  EXPECT_EQ(first.start_times[0].sample, 1u);
  ASSERT_EQ(first.exemplars.size(), 1u);
  EXPECT_EQ(first.labels_of(first.exemplars[0]), Labels::Of({{"trace_id", "abc"}})->view());
  EXPECT_TRUE(batch.series(1).start_times.empty());
  EXPECT_TRUE(batch.series(1).exemplars.empty());
  EXPECT_EQ(batch.series(1).labels, first.labels);
  ASSERT_EQ(batch.series(2).exemplars.size(), 1u);
  EXPECT_TRUE(batch.series(2).labels_of(batch.series(2).exemplars[0]).empty());
  EXPECT_EQ(batch.exemplar_count(), 2u);
}

// A symbol of a request may have megabytes, and exemplars name it by a byte.
TEST(SeriesBatchTest, TextsThatAreTooLongForAnExemplarAreNotLookedAt) {
  SeriesBatch batch;
  batch.StartSeries(Labels::Of({{"__name__", "up"}})->view());
  const std::string no_character(4 * kExemplarCharsMax, '\x80');  // would count as none
  std::vector<LabelRef> labels{{"a", no_character}};
  EXPECT_EQ(batch.AddExemplar(1, 1, labels), LabelsOutcome::kTooLong);
  std::string longest;
  for (size_t i = 1; i < kExemplarCharsMax; ++i) longest += "\xf0\x9f\x98\x80";
  labels = {{"a", longest}};
  EXPECT_EQ(batch.AddExemplar(1, 1, labels), LabelsOutcome::kOk);
}

}  // namespace
}  // namespace luma
