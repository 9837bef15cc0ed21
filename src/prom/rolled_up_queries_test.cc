// Goal: questions whose ranges and steps are whole buckets get the same answers after downsampling
// as before, and other ones count every sample once. Method: random series with gaps, resets, NaNs
// and staleness markers in a store on a simulated disk; every question is asked before and after,
// also when rollups lie in segment files and after a restart.
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "base/log.h"
#include "promql/evaluator.h"
#include "promql/parser.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::prom {
namespace {

using storage::DownsamplingRule;
using storage::MetricsInstance;

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kHour = 60 * kMinute;
constexpr UnixMillis kDay = 24 * kHour;
constexpr UnixMillis kEnd = BucketEnd(storage::kTestNow, kDay);
constexpr UnixMillis kStart = kEnd - 3 * kDay;
constexpr UnixMillis kFineFrom = kEnd - 2 * kDay;  // coarse buckets before

// LUMA_SEED=1234 replays a failure.
uint64_t Seed() {
  const char* const given = std::getenv("LUMA_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

class RolledUpQueriesTest : public testing::Test {
 protected:
  RolledUpQueriesTest() : random_(seed_) {
    SetLogLevel(LogLevel::kOff);
    Reopen();
  }
  ~RolledUpQueriesTest() override { SetLogLevel(LogLevel::kInfo); }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }

  // Some 15 s to 2 minutes apart, with holes of up to hours.
  void WriteSeries(const std::string& metric, int number) {
    storage::TestSeries series{
        storage::MakeLabels({{"__name__", metric}, {"number", std::to_string(number)}}), {}};
    const bool is_counter = metric.ends_with("_total");
    const auto interval = static_cast<UnixMillis>(15'000 + random_() % 100'000);
    double value = Uniform() * 100;
    for (UnixMillis at = kStart + 1 + static_cast<UnixMillis>(random_() % kHour); at <= kEnd;
         at += interval + static_cast<UnixMillis>(random_() % 1'000)) {
      value = is_counter ? value + Uniform() * 10 : Uniform() * 1'000;
      if (is_counter && random_() % 150 == 0) value = 0;
      double written = value;
      if (random_() % 200 == 0) written = std::nan("");
      series.samples.push_back({at, written});
      if (random_() % 100 != 0) continue;
      if (random_() % 2 == 0) series.samples.push_back({at + 1'000, kStaleNan});
      at += 2'000 + static_cast<UnixMillis>(random_() % (3 * kHour));
    }
    samples_ += series.samples.size();
    const auto written = WriteAndWait(*instance_->store, storage::MakeBatch({series}));
    ASSERT_TRUE(written.ok()) << written.status();
  }
  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  void Downsample() {
    instance_->store->SetDownsampling({Rule(std::chrono::days(1), std::chrono::minutes(5)),
                                       Rule(std::chrono::days(2), std::chrono::hours(1))},
                                      std::chrono::minutes(10));
    const Status done = instance_->store->Downsample();
    ASSERT_TRUE(done.ok()) << done;
    ASSERT_GT(instance_->store->rolled_up().samples_in, 1'000u);
  }
  static DownsamplingRule Rule(std::chrono::milliseconds after,
                               std::chrono::milliseconds resolution) {
    return {.match_text = "", .match = {}, .after = after, .resolution = resolution};
  }

  struct Question {
    std::string text;
    UnixMillis start;
    UnixMillis step;
    double tolerance;  // relative; 0: to the last bit
  };
  std::vector<Question> Questions() const {
    std::vector<Question> questions;
    for (const char* const function :
         {"count_over_time", "min_over_time", "max_over_time", "first_over_time", "last_over_time",
          "present_over_time", "changes", "resets", "delta", "ts_of_first_over_time",
          "ts_of_last_over_time", "absent_over_time"}) {
      AddRanges(function, 0, questions);
    }
    for (const char* const function : {"sum_over_time", "avg_over_time", "rate", "increase"}) {
      AddRanges(function, 1e-12, questions);
    }
    for (const char* const selector : {"gauge", "steps_total", "timestamp(gauge)", "absent(gauge)",
                                       "count(steps_total)", "last_over_time(gauge[2h:1h])"}) {
      questions.push_back({selector, kStart + 4 * kHour, kHour, 0});
      questions.push_back({selector, kFineFrom + 4 * kHour, 5 * kMinute, 0});
    }
    return questions;
  }
  static void AddRanges(const std::string& function, double tolerance,
                        std::vector<Question>& questions) {
    for (const char* const metric : {"gauge", "steps_total"}) {
      for (const char* const range : {"1h", "3h", "1d"}) {
        questions.push_back(
            {function + "(" + metric + "[" + range + "])", kStart + kDay, kHour, tolerance});
      }
      questions.push_back(
          {function + "(" + metric + "[15m])", kFineFrom + kHour, 5 * kMinute, tolerance});
    }
  }

  promql::QueryValue Ask(const Question& question) {
    const auto expr = promql::Parse(question.text);
    EXPECT_TRUE(expr.ok()) << expr.status();
    auto value = promql::Evaluator(*instance_->store)
                     .Range(**expr, question.start, kEnd, question.step, ReadLimits());
    EXPECT_TRUE(value.ok()) << question.text << ": " << value.status();
    return *std::move(value);
  }

  static bool AreClose(double a, double b, double tolerance) {
    if (std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b)) return true;
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return std::fabs(a - b) <= tolerance * std::fabs(b);
  }
  static void ExpectSame(const Question& question, const promql::QueryValue& after,
                         const promql::QueryValue& before) {
    SCOPED_TRACE(question.text);
    ASSERT_EQ(after.series.size(), before.series.size());
    for (size_t i = 0; i < after.series.size(); ++i) {
      EXPECT_EQ(after.series[i].labels, before.series[i].labels);
      ASSERT_EQ(after.series[i].timestamps, before.series[i].timestamps);
      for (size_t j = 0; j < after.series[i].values.size(); ++j) {
        const double value = after.series[i].values[j];
        const double expected = before.series[i].values[j];
        EXPECT_TRUE(AreClose(value, expected, question.tolerance))
            << after.series[i].labels.ToString() << " at " << after.series[i].timestamps[j] << ": "
            << value << " instead of " << expected;
      }
    }
    for (const std::string& info : after.infos) {
      EXPECT_THAT(info, testing::Not(testing::HasSubstr("rolled up")));
    }
  }

  const uint64_t seed_ = Seed();
  std::mt19937_64 random_;
  io::SimDisk disk_;
  ManualClock clock_{kEnd};
  uint64_t samples_ = 0;
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(RolledUpQueriesTest, WholeBucketsAnswerAsTheirSamplesDid) {
  SCOPED_TRACE(testing::Message() << "LUMA_SEED=" << seed_);
  for (int i = 0; i < 4; ++i) {
    WriteSeries("gauge", i);
    WriteSeries("steps_total", i);
  }
  ASSERT_TRUE(instance_->engine->Flush().ok());
  const std::vector<Question> questions = Questions();
  std::vector<promql::QueryValue> before;
  for (const Question& question : questions) before.push_back(Ask(question));
  Downsample();
  for (size_t i = 0; i < questions.size(); ++i) {
    ExpectSame(questions[i], Ask(questions[i]), before[i]);
  }
  ASSERT_TRUE(instance_->engine->Flush().ok());
  ASSERT_TRUE(instance_->store->CleanTombstones().ok());
  Reopen();
  for (size_t i = 0; i < questions.size(); ++i) {
    ExpectSame(questions[i], Ask(questions[i]), before[i]);
  }
}

TEST_F(RolledUpQueriesTest, WindowsThatFollowEachOtherCountEverySampleOnce) {
  SCOPED_TRACE(testing::Message() << "LUMA_SEED=" << seed_);
  for (int i = 0; i < 3; ++i) WriteSeries("steps_total", i);
  const auto total = [this](UnixMillis length, UnixMillis offset) {
    const std::string range = std::to_string(length) + "ms";
    const promql::QueryValue counts =
        Ask({"sum(count_over_time(steps_total[" + range + "] offset -" + range + "))",
             kStart - kDay + offset, length, 0});
    double sum = 0;
    for (const double count : counts.series.at(0).values) sum += count;
    return sum;
  };
  const double before = total(kHour, 0);
  Downsample();
  for (int round = 0; round < 20; ++round) {
    const auto length = static_cast<UnixMillis>(kMinute + random_() % (5 * kHour));
    const auto offset = static_cast<UnixMillis>(random_() % kHour);
    EXPECT_EQ(total(length, offset), before) << "length=" << length << " offset=" << offset;
  }
}

}  // namespace
}  // namespace luma::prom
