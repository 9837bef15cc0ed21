#include "prom/scrape/scrape_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "model/histogram_codec.h"
#include "model/testing/memory_metrics.h"
#include "prom/scrape/prometheus_config.h"
#include "prom/scrape/testing/protobuf_page.h"

namespace luma::prom {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

// Gives an id to every series as soon as it is written, as storage does, forgets on request, and
// may refuse new ones.
class IdSink final : public MetricsSink {
 public:
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const SeriesBatch::Series series = batch.series(i);
      if (refuses_new_ && series.id == kUnknownSeries) continue;
      if (series.id == kUnknownSeries) ids_.try_emplace(series.hash, SeriesId{++last_id_});
      if (series.id == kUnknownSeries) names_[ids_[series.hash]] = series.labels.ToString();
    }
    done(WriteSummary{});
  }
  void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const override {
    for (size_t i = 0; i < hashes.size(); ++i) {
      const auto found = ids_.find(hashes[i]);
      ids[i] = found == ids_.end() ? kUnknownSeries : found->second;
    }
  }
  std::string NameOf(const SeriesBatch::Series& series) const {
    return series.id == kUnknownSeries ? series.labels.ToString() : names_.at(series.id);
  }

  void Lose(const std::string& name) {
    std::erase_if(ids_, [&](const auto& one) { return names_.at(one.second).starts_with(name); });
  }
  void RefuseNew() { refuses_new_ = true; }

 private:
  uint64_t last_id_ = 0;
  bool refuses_new_ = false;
  std::map<Hash128, SeriesId> ids_;
  std::map<SeriesId, std::string> names_;
};

class ScrapeTargetTest : public testing::Test {
 protected:
  void Configure(const std::string& fields, LabelBuilder::Map labels = {}) {
    const auto config = ParsePrometheusConfig(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 15s\n" + fields, "");
    ASSERT_TRUE(config.ok()) << config.status();
    const ScrapeConfigPtr job = config->scrape_configs.at(0);
    auto target = MakeTarget(*job, DiscoveredLabels(*job, "h:1", labels)).value();
    target_ = std::make_unique<ScrapeTarget>(std::make_shared<const Target>(*target), job, sink_,
                                             budget_);
  }

  std::map<std::string, double> Scrape(UnixMillis time, std::string body,
                                       std::string type = "text/plain") {
    return Process({time, std::chrono::milliseconds(250),
                    net::FetchResponse{.status = 200, .content_type = type, .body = body}});
  }
  std::map<std::string, double> Process(const ScrapeAttempt& attempt) {
    batch_.Clear();
    result_ = target_->Process(attempt, batch_);
    if (!loses_writes_) {
      sink_.Write(batch_, [](const Result<WriteSummary>&) {});
      target_->NoteStored();
    }
    return Contents();
  }
  // The value of every series in the batch by its text, without instance and job; reports only when
  // they are asked for.
  std::map<std::string, double> Contents(bool reports = false) {
    std::map<std::string, double> contents;
    for (size_t i = 0; i < batch_.size(); ++i) {
      std::string name = sink_.NameOf(batch_.series(i));
      const bool is_report = name.starts_with("up{") || name.starts_with("scrape_");
      for (const char* label :
           {"instance=\"h:1\", ", "instance=\"h:1\"", "job=\"j\", ", "job=\"j\""}) {
        if (const size_t at = name.find(label); at != std::string::npos) {
          name.erase(at, std::string_view(label).size());
        }
      }
      if (is_report == reports) contents[name] = batch_.series(i).samples[0].value;
    }
    return contents;
  }
  double Report(const std::string& name) { return Contents(true).at(name + "{}"); }

  // Batches that storage did not take.
  std::map<std::string, double> ScrapeAndLose(UnixMillis time, std::string body) {
    loses_writes_ = true;
    auto contents = Scrape(time, std::move(body));
    loses_writes_ = false;
    return contents;
  }
  UnixMillis TimeOf(const std::string& name) const {
    for (size_t i = 0; i < batch_.size(); ++i) {
      const SeriesBatch::Series series = batch_.series(i);
      if (sink_.NameOf(series).starts_with(name + "{")) return series.samples[0].timestamp;
    }
    return 0;
  }

  IdSink sink_;
  storage::MemoryBudget budget_{1 << 30};
  bool loses_writes_ = false;
  std::unique_ptr<ScrapeTarget> target_;
  SeriesBatch batch_;
  ScrapeResult result_;
};

TEST_F(ScrapeTargetTest, AddsTargetLabelsAndReports) {
  Configure("", {{"zone", "a"}});
  Scrape(1000, "m{a=\"1\"} 5\n");
  EXPECT_THAT(Contents(), UnorderedElementsAre(Pair(R"(m{a="1", zone="a"})", 5)));
  EXPECT_THAT(Contents(true),
              UnorderedElementsAre(Pair(R"(up{zone="a"})", 1),
                                   Pair(R"(scrape_duration_seconds{zone="a"})", 0.25),
                                   Pair(R"(scrape_samples_scraped{zone="a"})", 1),
                                   Pair(R"(scrape_samples_post_metric_relabeling{zone="a"})", 1),
                                   Pair(R"(scrape_series_added{zone="a"})", 1)));
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 1000);
}

TEST_F(ScrapeTargetTest, KnownSeriesComeByTheirIdsAndOthersByTheirLabels) {
  Configure("");
  Scrape(1000, "a 1\n");
  Scrape(2000, "a 2\nb 2\n");
  EXPECT_NE(batch_.series(0).id, kUnknownSeries);
  EXPECT_EQ(batch_.series(1).id, kUnknownSeries);
  EXPECT_THAT(Contents(), UnorderedElementsAre(Pair("a{}", 2), Pair("b{}", 2)));
  EXPECT_EQ(Report("scrape_series_added"), 1);
}

TEST_F(ScrapeTargetTest, ScrapedLabelsGiveWayToTargetLabelsUnlessTheyAreHonored) {
  const std::string page = "m{zone=\"other\",exported_zone=\"x\",job=\"\"} 5\n";
  Configure("", {{"zone", "a"}});
  EXPECT_THAT(Scrape(1, page),
              UnorderedElementsAre(
                  Pair(R"(m{exported_exported_zone="other", exported_zone="x", zone="a"})", 5)));
  Configure("  honor_labels: true\n", {{"zone", "a"}});
  Scrape(1, page);
  EXPECT_EQ(sink_.NameOf(batch_.series(0)),
            R"(m{exported_zone="x", instance="h:1", zone="other"})");
}

TEST_F(ScrapeTargetTest, MetricsAreRelabeledAndDropped) {
  Configure(
      "  metric_relabel_configs:\n"
      "  - {source_labels: [__name__], regex: 'drop_.*', action: drop}\n"
      "  - {regex: noise, action: labeldrop}\n");
  for (const UnixMillis time : {1000, 2000}) {
    EXPECT_THAT(Scrape(time, "drop_me 1\nkeep{noise=\"1\"} 2\nkeep{noise=\"2\"} 3\n"),
                UnorderedElementsAre(Pair("keep{}", 2)))
        << "the first of two samples that fall together counts";
    EXPECT_EQ(Report("scrape_samples_scraped"), 3);
    EXPECT_EQ(Report("scrape_samples_post_metric_relabeling"), 2);
    EXPECT_EQ(result_.counts.duplicates, 1u);
  }
}

TEST_F(ScrapeTargetTest, SeriesThatVanishGetAStalenessMarkerOnce) {
  Configure("");
  Scrape(1000, "stays 1\ngone 1\n");
  std::map<std::string, double> second = Scrape(2000, "stays 2\n");
  ASSERT_THAT(second, Contains(testing::Key("gone{}")));
  EXPECT_TRUE(IsStaleNan(second["gone{}"]));
  EXPECT_THAT(Scrape(3000, "stays 3\n"), UnorderedElementsAre(Pair("stays{}", 3)));
  Scrape(4000, "stays 4\ngone 4\n");
  EXPECT_EQ(Report("scrape_series_added"), 1) << "it is back";
}

TEST_F(ScrapeTargetTest, AFailureEndsAllSeriesAndIsReported) {
  const auto page = [](std::string body, int status, std::string type = "text/plain") {
    return net::FetchResponse{.status = status, .content_type = type, .body = std::move(body)};
  };
  const ScrapeAttempt failures[] = {
      {2000, std::chrono::seconds(10), Status::Timeout("no answer in time")},
      {2000, std::chrono::seconds(1), page("", 500)},
      {2000, std::chrono::seconds(1), page("m 2\nbroken{\n", 200)},
      {2000, std::chrono::seconds(1), page("m{a=\"1\",a=\"2\"} 2\n", 200)},
      {2000, std::chrono::seconds(1), page("m 2\n", 200, "")}};
  for (const ScrapeAttempt& failure : failures) {
    Configure("");
    Scrape(1000, "m 1\n");
    std::map<std::string, double> contents = Process(failure);
    EXPECT_FALSE(result_.status.ok());
    ASSERT_EQ(contents.size(), 1u);
    EXPECT_TRUE(IsStaleNan(contents["m{}"]));
    EXPECT_EQ(Report("up"), 0);
    EXPECT_EQ(Process(failure).size(), 0u);
    EXPECT_EQ(Scrape(3000, "m 3\n").size(), 1u);
    EXPECT_EQ(Report("up"), 1);
  }
}

TEST_F(ScrapeTargetTest, OwnTimestampsAreKeptAndHaveNoStaleness) {
  Configure("");
  Scrape(1000, "m 5 777\nm 6 778\nm 7 778\nm 8 700\n");
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 777);
  EXPECT_EQ(result_.counts.stored, 3u);
  EXPECT_EQ(result_.counts.duplicates, 1u);
  EXPECT_EQ(result_.counts.out_of_order, 1u);
  EXPECT_EQ(Scrape(2000, "").size(), 0u);

  Configure("  honor_timestamps: false\n");
  Scrape(1000, "m 5 777\n");
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 1000);
  EXPECT_EQ(Scrape(2000, "").size(), 1u);

  Configure("  track_timestamps_staleness: true\n");
  Scrape(1000, "m 5 777\n");
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 777);
  EXPECT_EQ(Scrape(2000, "").size(), 1u);
}

TEST_F(ScrapeTargetTest, LimitsFailTheScrape) {
  const struct {
    const char* fields;
    const char* page;
    const char* expected;
  } cases[] = {
      {"  sample_limit: 1\n", "a 1\nb 2\nc 3\n", "sample limit exceeded"},
      {"  label_limit: 3\n", "m{a=\"1\"} 1\n",
       "label_limit exceeded (metric: m, number of labels: 4, limit: 3)"},
      {"  label_name_length_limit: 8\n", "m{long_name=\"1\"} 1\n",
       "label_name_length_limit exceeded (metric: m, label name: long_name, "
       "length: 9, limit: 8)"},
      {"  label_value_length_limit: 3\n", "m{a=\"long\"} 1\n",
       "label_value_length_limit exceeded (metric: m, label name: a, value: "
       "long, length: 4, "
       "limit: 3)"},
  };
  for (const auto& one : cases) {
    Configure(one.fields);
    EXPECT_EQ(Scrape(1000, one.page).size(), 0u);
    EXPECT_THAT(std::string(result_.status.message()), HasSubstr(one.expected));
    EXPECT_EQ(Report("up"), 0);
  }
  Configure("  sample_limit: 1\n");
  Scrape(1000, "a 1\nb 2\nc 3\n");
  EXPECT_EQ(Report("scrape_samples_scraped"), 3) << "how many there are is told";
}

TEST_F(ScrapeTargetTest, ExtraMetricsComeWhenAskedFor) {
  Configure(
      "  extra_scrape_metrics: true\n  sample_limit: 9\n  "
      "scrape_timeout: 2s\n");
  Scrape(1000, "m 1\n");
  EXPECT_EQ(Report("scrape_timeout_seconds"), 2);
  EXPECT_EQ(Report("scrape_sample_limit"), 9);
  EXPECT_EQ(Report("scrape_body_size_bytes"), 4);
}

TEST_F(ScrapeTargetTest, TheEndOfATargetEndsItsReportsToo) {
  Configure("");
  Scrape(1000, "m 1\n");
  batch_.Clear();
  target_->End(2000, batch_);
  EXPECT_EQ(batch_.size(), 6u);
  for (size_t i = 0; i < batch_.size(); ++i) {
    EXPECT_TRUE(IsStaleNan(batch_.series(i).samples[0].value));
    EXPECT_EQ(batch_.series(i).samples[0].timestamp, 2000);
  }
}

TEST_F(ScrapeTargetTest, MarkersComeAgainUntilTheyAreStored) {
  Configure("");
  Scrape(1000, "stays 1\ngone 1\n");
  ScrapeAndLose(2000, "stays 2\n");
  ASSERT_TRUE(IsStaleNan(Scrape(3000, "stays 3\n")["gone{}"]));
  EXPECT_EQ(TimeOf("gone"), 2000) << "when it was missed first";
  EXPECT_THAT(Scrape(4000, "stays 4\n"), UnorderedElementsAre(Pair("stays{}", 4)));
}

TEST_F(ScrapeTargetTest, SeriesThatAreBackNeedNoMarkerAnyMore) {
  Configure("");
  Scrape(1000, "stays 1\ngone 1\n");
  ScrapeAndLose(2000, "stays 2\n");
  EXPECT_THAT(Scrape(3000, "stays 3\ngone 3\n"),
              UnorderedElementsAre(Pair("stays{}", 3), Pair("gone{}", 3)));
}

// Goal: when storage has removed a series, its labels are read again and nothing else is lost: not
// the marker of a series that went on the very page that storage refused.
TEST_F(ScrapeTargetTest, WhatStorageLostIsReadAgainAndMarkersStay) {
  Configure("");
  Scrape(1000, "lost 1\nstays 1\ngone 1\n");
  Scrape(2000, "lost 2\nstays 2\ngone 2\n");
  sink_.Lose("lost");
  ScrapeAndLose(3000, "lost 3\nstays 3\n");
  target_->RecheckIds();
  std::map<std::string, double> contents = Scrape(3000, "lost 3\nstays 3\n");
  EXPECT_EQ(batch_.series(0).id, kUnknownSeries);
  EXPECT_NE(batch_.series(1).id, kUnknownSeries);
  EXPECT_EQ(contents["lost{}"], 3);
  EXPECT_EQ(contents["stays{}"], 3);
  EXPECT_TRUE(IsStaleNan(contents["gone{}"]));
}

TEST_F(ScrapeTargetTest, AnEndThatWasNotStoredCanBeRepeated) {
  Configure("");
  Scrape(1000, "m 1\n");
  Scrape(1500, "m 1\n");
  for (int i = 0; i < 2; ++i) {
    batch_.Clear();
    target_->End(2000, batch_);
    EXPECT_EQ(batch_.size(), 6u);
  }
  sink_.Lose("up");
  target_->RecheckIds();
  batch_.Clear();
  target_->End(2000, batch_);
  EXPECT_EQ(batch_.size(), 5u) << "what storage has not needs no end";
}

TEST_F(ScrapeTargetTest, SeriesThatStorageRefusedHaveNoEnd) {
  Configure("");
  Scrape(1000, "old 1\n");
  sink_.RefuseNew();
  EXPECT_THAT(Scrape(2000, "old 2\nnew 2\n"), Contains(Pair("new{}", 2)));
  EXPECT_THAT(Scrape(3000, "old 3\n"), UnorderedElementsAre(Pair("old{}", 3)));
}

TEST_F(ScrapeTargetTest, MarkersThatAreNeverStoredAreBounded) {
  Configure("");
  for (int i = 0; i < 1'500; ++i) {
    ScrapeAndLose(1000 + i, "stays 1\ngoes{i=\"" + std::to_string(i) + "\"} 1\n");
    EXPECT_LT(target_->series_count(), 3'500u);
    EXPECT_LT(batch_.size(), 1'100u);
  }
}

TEST_F(ScrapeTargetTest, APageThatFindsNoMemoryIsAFailedScrapeAndLeavesNothing) {
  Configure("");
  Scrape(1000, "m 1\n");
  const uint64_t tables = budget_.booked_bytes(storage::BudgetUse::kSeries);
  EXPECT_GT(tables, 0u);
  std::string page = "m 2\n";
  for (int i = 0; i < 100'000; ++i) page += "m" + std::to_string(i) + " 1\n";
  budget_.SetLimit(4 << 20);
  std::map<std::string, double> contents = Scrape(2000, page);
  EXPECT_EQ(result_.status.code(), StatusCode::kOutOfMemory);
  EXPECT_THAT(std::string(result_.status.message()), HasSubstr("memory budget exceeded"));
  EXPECT_EQ(Report("up"), 0);
  EXPECT_THAT(contents, UnorderedElementsAre(Pair("m{}", testing::IsNan())));
  EXPECT_LT(target_->series_count(), 10u);
  result_ = {};
  EXPECT_EQ(budget_.booked_bytes(storage::BudgetUse::kIngest), 0u);
  EXPECT_LT(budget_.booked_bytes(storage::BudgetUse::kSeries), tables + 100'000);
  budget_.SetLimit(1 << 30);
  EXPECT_EQ(Scrape(3000, page).size(), 100'001u);
  EXPECT_GT(budget_.booked_bytes(storage::BudgetUse::kSeries), 100'000u * 60);
  target_.reset();
  EXPECT_EQ(budget_.booked_bytes(storage::BudgetUse::kSeries), 0u);
}

// Goal: a page cannot make hours of work of series that are dropped, which no memory is booked for.
// Method: each quantile of a summary in protobuf is one more series with its 60 KB of labels.
TEST_F(ScrapeTargetTest, LabelsOfThePartsOfMetricsAreBounded) {
  Configure("  metric_relabel_configs: [{action: drop, source_labels: [__name__], regex: s.*}]\n");
  const auto page = [](int quantiles) {
    std::string parts;
    for (int i = 0; i < quantiles; ++i) parts += Bytes(3, Double(1, i));
    return Family("s", kSummary, Bytes(4, Label("a", std::string(60'000, 'x')) + Bytes(4, parts)));
  };
  Scrape(1000, page(1'000), "application/vnd.google.protobuf");
  EXPECT_EQ(Report("up"), 1) << result_.status;
  EXPECT_EQ(Report("scrape_samples_scraped"), 1'002);
  Scrape(2000, page(20'000), "application/vnd.google.protobuf");
  EXPECT_EQ(Report("up"), 0);
  EXPECT_THAT(std::string(result_.status.message()), HasSubstr("labels of one page are too long"));
}

TEST_F(ScrapeTargetTest, SeriesThatComeAndGoAreForgotten) {
  Configure("");
  for (int i = 0; i < 5'000; ++i) {
    const std::string page = "stays 1\ngoes{i=\"" + std::to_string(i) + "\"} 1\n";
    EXPECT_THAT(Scrape(1000 + i, page), Contains(Pair("stays{}", 1)));
    EXPECT_LT(target_->series_count(), 1'500u);
  }
}

TEST_F(ScrapeTargetTest, ReadsOpenMetricsWithExemplarsByItsContentType) {
  Configure("");
  Scrape(1000, "# TYPE c counter\nc_total 5 0.5 # {t=\"x\"} 1\n# EOF\n",
         "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(Contents(), UnorderedElementsAre(Pair("c_total{}", 5)));
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 500);
  ASSERT_EQ(batch_.exemplar_count(), 1u);
  const SeriesBatch::Series series = batch_.series(0);
  EXPECT_EQ(series.exemplars[0].timestamp, 500) << "that of the sample, since it has none";
  EXPECT_EQ(series.labels_of(series.exemplars[0]).ToString(), R"({t="x"})");

  Scrape(2000, "c_total 5 # {t=\"" + std::string(200, 'x') + "\"} 1\n# EOF\n",
         "application/openmetrics-text");
  EXPECT_EQ(batch_.exemplar_count(), 0u);
  EXPECT_EQ(result_.counts.exemplars_refused, 1u);
}

TEST_F(ScrapeTargetTest, TheRequestHasWhatPrometheusSends) {
  Configure(
      "  scrape_timeout: 3s\n  body_size_limit: 1KB\n  authorization: "
      "{credentials: t}\n");
  const net::FetchRequest request = target_->Request(1 << 20);
  EXPECT_EQ(request.url, "http://h:1/metrics");
  EXPECT_EQ(request.body_bytes_max, 1024u);
  EXPECT_EQ(request.timeout, std::chrono::seconds(3));
  EXPECT_TRUE(request.accepts_gzip);
  EXPECT_THAT(request.headers, Contains("Authorization: Bearer t"));
  EXPECT_THAT(request.headers, Contains(HasSubstr("Accept: application/openmetrics-text")));
  EXPECT_THAT(request.headers, Contains(HasSubstr("X-Prometheus-Scrape-Timeout-Seconds: 3")));
}

// Goal: classic histograms that are converted are one series, which ends as others do.
TEST_F(ScrapeTargetTest, ConvertedHistogramsAreOneSeriesEach) {
  Configure("  convert_classic_histograms_to_nhcb: true\n");
  const std::string page =
      "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {id=\"a\"} 0.5\n"
      "h_bucket{le=\"+Inf\"} 2 # {id=\"b\"} 3 1\nh_count 2\nh_sum 4\n";
  for (const UnixMillis time : {1'000, 16'000}) {
    Scrape(time, page + "# EOF\n", "application/openmetrics-text");
    ASSERT_EQ(batch_.histogram_count(), 1u);
    const SeriesBatch::Series series = batch_.series(0);
    EXPECT_EQ(sink_.NameOf(series), "h{instance=\"h:1\", job=\"j\"}");
    EXPECT_EQ(DecodeHistogram(series.histogram(0))->histogram.schema, kCustomBoundsSchema);
    EXPECT_EQ(series.exemplars.size(), 1u) << "the one with a time";
    EXPECT_EQ(Report("scrape_samples_scraped"), 1);
  }
  const auto contents = Scrape(31'000, "# EOF\n", "application/openmetrics-text");
  ASSERT_EQ(contents.size(), 1u);
  EXPECT_TRUE(IsStaleNan(contents.at("h{}")));
}

}  // namespace
}  // namespace luma::prom
