// Makes remote-write bodies for bench/ingest.py, in the files that bench/record_bodies.py
// describes.
//
//   lumadb_make_bodies tsbs-cpu DIRECTORY HOSTS HOURS
//       The set cpu-only of the Time Series Benchmark Suite (github.com/timescale/tsbs): for each
//       host ten metrics every 10 seconds, each a random walk with steps of N(0, 1), kept within
//       0..100 and cut to an integer, with the tags of TSBS as labels.
//   lumadb_make_bodies stretch DIRECTORY RECORDING SECONDS
//       The recording of one scrape a second with SECONDS between scrapes. What a scrape was late
//       by stays.
//   lumadb_make_bodies series DIRECTORY COUNT PER_POD
//       So many series of eight labels, PER_POD metrics of each pod, two samples each.
//   lumadb_make_bodies active DIRECTORY COUNT MINUTES
//       So many counters, each of a pod of its own, a sample a minute.
#include <snappy.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "bench/bodies.h"
#include "bench/pod_labels.h"
#include "model/series_batch.h"
#include "prom/remote_write_decoder.h"
#include "prom/testing/limited_memory.h"
#include "prom/testing/write_request_builder.h"

namespace luma {
namespace {

namespace fs = std::filesystem;

constexpr int kStreams = 4;
constexpr size_t kSeriesPerRequest = 2000;  // as Prometheus sends by default
constexpr UnixMillis kStart = 1'760'000'000'000;

class StreamFile {
 public:
  StreamFile(const fs::path& directory, int stream)
      : out_(directory / ("stream-" + std::to_string(stream) + ".bin"), std::ios::binary) {}

  void Write(const std::string& message) {
    std::string body;
    snappy::Compress(message.data(), message.size(), &body);
    const auto length = static_cast<uint32_t>(body.size());
    out_.write(reinterpret_cast<const char*>(&length), sizeof(length));
    out_.write(body.data(), static_cast<std::streamsize>(body.size()));
    LUMA_CHECK(out_.good());
  }

 private:
  std::ofstream out_;
};

// ---- TSBS

constexpr std::array kCpuMetrics = {"cpu_usage_user",      "cpu_usage_system", "cpu_usage_idle",
                                    "cpu_usage_nice",      "cpu_usage_iowait", "cpu_usage_irq",
                                    "cpu_usage_softirq",   "cpu_usage_steal",  "cpu_usage_guest",
                                    "cpu_usage_guest_nice"};
constexpr std::array kRegions = {"us-east-1",      "us-west-1",      "us-west-2",
                                 "eu-west-1",      "eu-central-1",   "ap-southeast-1",
                                 "ap-southeast-2", "ap-northeast-1", "sa-east-1"};
constexpr std::array kSystems = {"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"};
constexpr std::array kArchitectures = {"x64", "x86"};
constexpr std::array kTeams = {"SF", "NYC", "LON", "CHI"};
constexpr std::array kEnvironments = {"production", "staging", "test"};

// Steps of N(0, 1) within 0..100.
struct Walk {
  double value;
  void Step(std::mt19937_64& random) {
    value = std::clamp(value + std::normal_distribution<double>()(random), 0.0, 100.0);
  }
};

struct CpuSeries {
  std::vector<std::pair<std::string, std::string>> labels;
  Walk walk;

  std::vector<LabelRef> LabelRefs() const {
    std::vector<LabelRef> refs;
    for (const auto& [name, value] : labels) refs.push_back({name, value});
    return refs;
  }
};

template <size_t kCount>
std::string Pick(const std::array<const char*, kCount>& choices, std::mt19937_64& random) {
  return choices[random() % kCount];
}

void AddHost(int host, std::mt19937_64& random, std::vector<CpuSeries>& series) {
  const std::string region = Pick(kRegions, random);
  const auto below = [&random](uint64_t end) { return std::to_string(random() % end); };
  const std::vector<std::pair<std::string, std::string>> tags = {
      {"arch", Pick(kArchitectures, random)},
      {"datacenter", region + static_cast<char>('a' + random() % 3)},
      {"hostname", "host_" + std::to_string(host)},
      {"os", Pick(kSystems, random)},
      {"rack", below(100)},
      {"region", region},
      {"service", below(20)},
      {"service_environment", Pick(kEnvironments, random)},
      {"service_version", below(2)},
      {"team", Pick(kTeams, random)}};
  for (const char* const metric : kCpuMetrics) {
    CpuSeries one{{{"__name__", metric}}, {std::uniform_real_distribution<double>(0, 100)(random)}};
    one.labels.insert(one.labels.end(), tags.begin(), tags.end());
    series.push_back(std::move(one));
  }
}

void WriteTsbsCpu(const fs::path& directory, int hosts, int hours) {
  std::mt19937_64 random(20261122);
  for (int stream = 0; stream < kStreams; ++stream) {
    std::vector<CpuSeries> all;
    for (int host = stream; host < hosts; host += kStreams) AddHost(host, random, all);
    StreamFile file(directory, stream);
    for (int tick = 0; tick < hours * 360; ++tick) {
      std::string message;
      for (size_t i = 0; i < all.size(); ++i) {
        all[i].walk.Step(random);
        const auto value = static_cast<double>(static_cast<int64_t>(all[i].walk.value));
        message += prom::SeriesField(all[i].LabelRefs(), {{kStart + tick * 10'000, value}});
        if ((i + 1) % kSeriesPerRequest != 0 && i + 1 < all.size()) continue;
        file.Write(message);
        message.clear();
      }
    }
  }
}

// ---- many series

// Series of 100 metrics for each pod, two samples each.
void WriteManySeries(const fs::path& directory, int count, int metrics_per_pod) {
  for (int stream = 0; stream < kStreams; ++stream) {
    StreamFile file(directory, stream);
    for (int tick = 0; tick < 2; ++tick) {
      std::string message;
      for (int i = stream; i < count; i += kStreams) {
        const std::string metric =
            "application_metric_" + std::to_string(i / kStreams % metrics_per_pod);
        const int pod = i / kStreams / metrics_per_pod * kStreams + stream;
        message += prom::SeriesField(bench::PodLabels(metric, "application-" + std::to_string(pod),
                                                      "node-" + std::to_string(pod / 30)),
                                     {{kStart + tick * 15'000, static_cast<double>(i)}});
        const bool is_last = i + kStreams >= count;
        if (!is_last && (i / kStreams + 1) % kSeriesPerRequest != 0) continue;
        file.Write(message);
        message.clear();
      }
    }
  }
}

// One counter of each of many pods, a sample a minute: all of them at a time, as scrapes bring
// them.
void WriteActiveSeries(const fs::path& directory, int count, int minutes) {
  for (int stream = 0; stream < kStreams; ++stream) {
    StreamFile file(directory, stream);
    for (int minute = 0; minute < minutes; ++minute) {
      std::string message;
      for (int i = stream; i < count; i += kStreams) {
        message += prom::SeriesField(
            {{"__name__", "requests_total"},
             {"dc", "dc-" + std::to_string(i % 20)},
             {"node", "node-" + std::to_string(i % 997)},
             {"pod", "pod-" + std::to_string(i)}},
            {{kStart + minute * 60'000, 1'000'000.0 + static_cast<double>(minute) * (i % 7 + 1)}});
        const bool is_last = i + kStreams >= count;
        if (!is_last && (i / kStreams + 1) % kSeriesPerRequest != 0) continue;
        file.Write(message);
        message.clear();
      }
    }
  }
}

// ---- a recording at another pace

class Stretcher {
 public:
  explicit Stretcher(int seconds) : pause_ms_((seconds - 1) * 1000) {}

  std::string Stretch(const std::string& message) {
    SeriesBatch batch;
    LUMA_CHECK(decoder_.Decode(message, sink_, memory_, batch).ok());
    std::string stretched;
    for (size_t i = 0; i < batch.size(); ++i) {
      const SeriesBatch::Series series = batch.series(i);
      std::vector<Sample> samples(series.samples.begin(), series.samples.end());
      for (Sample& sample : samples) sample.timestamp = Stretched(sample.timestamp);
      std::vector<LabelRef> labels;
      for (const LabelRef& label : series.labels) labels.push_back(label);
      stretched += prom::SeriesField(labels, samples);
    }
    return stretched;
  }

 private:
  UnixMillis Stretched(UnixMillis time) {
    if (first_ == 0) first_ = time;
    const UnixMillis scrapes = (time - first_ + 500) / 1000;
    return kStart + (time - first_) + scrapes * pause_ms_;
  }

  const UnixMillis pause_ms_;
  UnixMillis first_ = 0;
  prom::RemoteWriteDecoder decoder_;
  const bench::NoSink sink_;
  prom::LimitedMemory memory_;
};

void WriteStretched(const fs::path& directory, const fs::path& recording, int seconds) {
  for (int stream = 0; stream < kStreams; ++stream) {
    StreamFile file(directory, stream);
    Stretcher stretcher(seconds);
    for (const std::string& body :
         bench::ReadBodies(recording / ("stream-" + std::to_string(stream) + ".bin"))) {
      std::string message;
      LUMA_CHECK(snappy::Uncompress(body.data(), body.size(), &message));
      file.Write(stretcher.Stretch(message));
    }
  }
}

}  // namespace
}  // namespace luma

int main(int argc, char** argv) {
  const std::string_view set = argc == 5 ? argv[1] : "";
  if (set == "tsbs-cpu") {
    luma::WriteTsbsCpu(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  } else if (set == "stretch") {
    luma::WriteStretched(argv[2], argv[3], std::atoi(argv[4]));
  } else if (set == "series") {
    luma::WriteManySeries(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  } else if (set == "active") {
    luma::WriteActiveSeries(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  } else {
    std::fprintf(stderr,
                 "usage: %s tsbs-cpu DIRECTORY HOSTS HOURS | stretch DIRECTORY RECORDING SECONDS | "
                 "series DIRECTORY COUNT PER_POD | active DIRECTORY COUNT MINUTES\n",
                 argv[0]);
    return 2;
  }
}
