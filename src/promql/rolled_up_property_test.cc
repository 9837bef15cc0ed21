// Goal: what the guide to downsampling promises holds for whatever rows a store may have: those of
// several rules, late samples beside them or in rows of their own, which lie inside of others.
// Method: random series, kept once as samples and once rolled up in a random way; both are asked
// the same questions at random times.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "encoding/testing/test_seed.h"
#include "promql/evaluator.h"
#include "promql/parser.h"
#include "promql/testing/rolled_up_series.h"

namespace luma::promql {
namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr UnixMillis kEnd = 12 * kHour;
constexpr UnixMillis kFineFrom = 6 * kHour;  // buckets of an hour before, of five minutes after
constexpr UnixMillis kRawFrom = 9 * kHour;

struct Answer {
  std::optional<double> value;
  bool tells_of_rollups = false;
};

Answer Ask(const MetricsSource& source, const std::string& query, UnixMillis time) {
  const auto value = Evaluator(source).Instant(*Parse(query).value(), time, ReadLimits());
  EXPECT_TRUE(value.ok()) << query << ": " << value.status();
  Answer answer;
  if (!value->series.empty()) answer.value = value->series[0].values[0];
  answer.tells_of_rollups = std::ranges::any_of(value->infos, [](const std::string& info) {
    return info.find("rolled up") != std::string::npos;
  });
  return answer;
}

// A series and what a store might have of it.
class RandomSeries {
 public:
  // Markers and late samples exclude each other: a marker that a late value follows is forgotten.
  RandomSeries(std::mt19937_64& random, bool has_late_ones) : has_late_ones_(has_late_ones) {
    const auto gap = static_cast<int64_t>(10'000 + random() % (4 * kMinute));
    for (UnixMillis at = static_cast<UnixMillis>(random() % kHour); at < kEnd;
         at += 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(gap))) {
      const bool is_late = has_late_ones && random() % 10 == 0;
      Add({at, static_cast<double>(random() % 100)}, is_late, random() % 2 == 0);
      if (random() % 50 != 0) continue;
      if (!has_late_ones && random() % 2 == 0) Add({at + 1, kStaleNan}, false, false);
      at += 1 + static_cast<int64_t>(random() % (2 * kHour));
    }
    for (const auto& [key, fold] : rows_) AddRow(fold.Total());
    for (const auto& [time, entry] : entries_) {
      entry.rollup ? rolled_up_.Add(*entry.rollup) : rolled_up_.Add(Sample{time, entry.value});
    }
  }

  const MetricsSource& samples() const { return samples_; }
  const MetricsSource& rolled_up() const { return rolled_up_; }
  // Later parts of a row may follow the time.
  bool IsInsideOfARow(UnixMillis time) const {
    return std::ranges::any_of(entries_, [time](const auto& entry) {
      const std::optional<Rollup>& rollup = entry.second.rollup;
      return rollup && rollup->first_ts <= time && time < rollup->last_ts;
    });
  }
  bool HasRowsInsideOfOthers() const { return has_late_ones_; }

 private:
  struct Entry {
    double value = 0;
    std::optional<Rollup> rollup{};
  };

  void Add(const Sample& sample, bool is_late, bool is_in_row_of_its_own) {
    samples_.Add(sample);
    const UnixMillis at = sample.timestamp;
    if (at > kRawFrom || (is_late && !is_in_row_of_its_own)) {
      entries_[at] = {sample.value};
      return;
    }
    const int64_t resolution = at <= kFineFrom ? kHour : 5 * kMinute;
    const int64_t of_row = is_late ? kMinute : resolution;
    rows_[{BucketEnd(at, of_row), of_row}].Add(Rollup::Of(sample));
  }
  void AddRow(const Rollup& rollup) {
    if (rollup.is_stale()) entries_[rollup.stale_ts] = {kStaleNan};
    if (rollup.count > 0) entries_[rollup.last_ts] = {rollup.last, rollup};
  }

  const bool has_late_ones_;
  RolledUpSeries samples_;
  RolledUpSeries rolled_up_;
  std::map<std::pair<UnixMillis, int64_t>, RollupFold> rows_;  // by end and resolution
  std::map<UnixMillis, Entry> entries_;
};

class RolledUpPropertyTest : public testing::Test {
 protected:
  static void ExpectClose(const Answer& answer, const Answer& expected, double tolerance) {
    ASSERT_EQ(answer.value.has_value(), expected.value.has_value());
    if (!answer.value) return;
    EXPECT_LE(std::abs(*answer.value - *expected.value), tolerance * std::abs(*expected.value))
        << *answer.value << " instead of " << *expected.value;
  }
  static std::string Call(const std::string& function, int64_t length) {
    return function + "(m[" + std::to_string(length) + "ms])";
  }

  static void ExpectSelectorsKept(const RandomSeries& series, UnixMillis time) {
    const Answer value = Ask(series.rolled_up(), "m", time);
    const Answer expected = Ask(series.samples(), "m", time);
    if (series.IsInsideOfARow(time)) {
      EXPECT_TRUE(value.value || !expected.value) << "lost the series";
      return;
    }
    ExpectClose(value, expected, 0);
    ExpectClose(Ask(series.rolled_up(), "timestamp(m)", time),
                Ask(series.samples(), "timestamp(m)", time), 0);
  }

  static void ExpectRangesKept(const RandomSeries& series, UnixMillis start, UnixMillis end) {
    std::vector<std::pair<std::string, double>> functions;
    for (const char* const exact :
         {"count_over_time", "min_over_time", "max_over_time", "first_over_time", "last_over_time",
          "present_over_time", "absent_over_time", "ts_of_first_over_time",
          "ts_of_last_over_time"}) {
      functions.push_back({exact, 0});
    }
    functions.push_back({"sum_over_time", 1e-12});
    functions.push_back({"avg_over_time", 1e-12});
    if (!series.HasRowsInsideOfOthers()) {
      for (const char* const exact : {"changes", "resets", "delta"})
        functions.push_back({exact, 0});
      for (const char* const close : {"rate", "increase"}) functions.push_back({close, 1e-12});
    }
    for (const auto& [function, tolerance] : functions) {
      SCOPED_TRACE(function);
      const Answer answer = Ask(series.rolled_up(), Call(function, end - start), end);
      EXPECT_FALSE(answer.tells_of_rollups);
      ExpectClose(answer, Ask(series.samples(), Call(function, end - start), end), tolerance);
    }
  }

  static void ExpectCutRangesToTell(const RandomSeries& series, UnixMillis start, UnixMillis end) {
    for (const char* const function :
         {"count_over_time", "rate", "present_over_time", "absent_over_time"}) {
      EXPECT_TRUE(Ask(series.rolled_up(), Call(function, end - start), end).tells_of_rollups)
          << function;
    }
    const std::string absent = Call("absent_over_time", end - start);
    if (Ask(series.samples(), absent, end).value) return;
    EXPECT_FALSE(Ask(series.rolled_up(), absent, end).value);
    EXPECT_TRUE(Ask(series.rolled_up(), Call("present_over_time", end - start), end).value);
  }
};

TEST_F(RolledUpPropertyTest, AnswersAreThoseOfTheSamplesWhereTheGuideSaysSo) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  int whole = 0;
  int cut = 0;
  for (int round = 0; round < 30; ++round) {
    const RandomSeries series(random, round % 2 == 0);
    for (int i = 0; i < 40; ++i) {
      const auto any = [&random] { return static_cast<UnixMillis>(random() % (13 * kHour)); };
      const UnixMillis time = any();
      SCOPED_TRACE(testing::Message() << "round=" << round << " at=" << time);
      ExpectSelectorsKept(series, time);
      UnixMillis start = any();
      UnixMillis end = start + 1 + static_cast<UnixMillis>(random() % (2 * kHour));
      if (i % 2 == 0) {
        start = BucketEnd(start, kHour);
        end = BucketEnd(end, kHour) + kHour;
      }
      SCOPED_TRACE(testing::Message() << "start=" << start << " end=" << end);
      const bool is_cut = series.IsInsideOfARow(start) || series.IsInsideOfARow(end);
      ++(is_cut ? cut : whole);
      is_cut ? ExpectCutRangesToTell(series, start, end) : ExpectRangesKept(series, start, end);
    }
  }
  EXPECT_GT(whole, 500);
  EXPECT_GT(cut, 50);
}

}  // namespace
}  // namespace luma::promql
