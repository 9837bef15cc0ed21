// Estimate: a series of 10 labels is about 300 bytes, of which varints, UTF-8 and order are checked
// and a copy hashed: at 1-2 ns per byte and label 300-500 ns, so about 2-3 M series a second and
// core.
//
// Version 2.0 puts the labels of a series together from symbols before it hashes them: 10 labels
// are 20 copies of some 12 bytes, at 3-5 ns each up to 100 ns more.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <string>

#include "prom/remote_write.h"
#include "prom/remote_write_decoder.h"
#include "prom/remote_write_v2_decoder.h"
#include "prom/testing/write_request_builder.h"

namespace {

size_t allocations = 0;

}  // namespace

// Counts for the counter "allocations".
void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace luma::prom {
namespace {

constexpr int kSeries = 1000;
constexpr UnixMillis kNow = 1'700'000'000'000;

std::vector<LabelRef> NodeExporterLikeLabels(std::string_view device) {
  return {{"__name__", "node_network_receive_bytes_total"},
          {"cluster", "production-eu-west-1"},
          {"device", device},
          {"instance", "10.20.30.40:9100"},
          {"job", "node-exporter"},
          {"namespace", "monitoring"},
          {"operstate", "up"},
          {"pod", "node-exporter-x7k2p"},
          {"service", "prometheus-node-exporter"},
          {"zone", "eu-west-1a"}};
}

std::string NodeExporterLikeRequest() {
  std::string message;
  for (int i = 0; i < kSeries; ++i) {
    const std::string device = "device-" + std::to_string(i);
    message += SeriesField(NodeExporterLikeLabels(device), {{kNow, 12345.5 * i}});
  }
  return message;
}

// With metadata and a start time for every series, as Prometheus sends them.
std::string NodeExporterLikeRequestV2() {
  RequestV2Builder request;
  for (int i = 0; i < kSeries; ++i) {
    const std::string device = "device-" + std::to_string(i);
    request.AddSeries(request.Labels(NodeExporterLikeLabels(device)) +
                      request.Sample(kNow, 12345.5 * i, kNow - 3'600'000) +
                      request.Metadata(1, "Network device statistic receive_bytes.", ""));
  }
  return request.Message();
}

class CountingSink final : public MetricsSink {
 public:
  explicit CountingSink(bool knows_all = false) : knows_all_(knows_all) {}
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    WriteSummary summary;
    summary.samples_stored = batch.sample_count();
    done(summary);
  }
  void FindSeries(std::span<const Hash128>, std::span<SeriesId> ids) const override {
    std::ranges::fill(ids, knows_all_ ? SeriesId{1} : kUnknownSeries);
  }

 private:
  const bool knows_all_;
};

class EndlessMemory final : public ResultMemory {
 public:
  Status Book(uint64_t) override { return Status::Ok(); }
};

// With all series unknown to storage (0) or known to it (1).
void BM_Decode(benchmark::State& state) {
  const std::string message = NodeExporterLikeRequest();
  CountingSink sink(state.range(0) == 1);
  EndlessMemory memory;
  RemoteWriteDecoder decoder;
  SeriesBatch batch;
  for (auto _ : state) {
    batch.Clear();
    benchmark::DoNotOptimize(decoder.Decode(message, sink, memory, batch).ok());
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(message.size()));
}
BENCHMARK(BM_Decode)->Arg(0)->Arg(1);

void BM_DecodeV2(benchmark::State& state) {
  const std::string message = NodeExporterLikeRequestV2();
  CountingSink sink(state.range(0) == 1);
  EndlessMemory memory;
  RemoteWriteV2Decoder decoder;
  SeriesBatch batch;
  benchmark::DoNotOptimize(decoder.Decode(message, sink, memory, batch).ok());  // grows its memory
  const size_t before = allocations;
  for (auto _ : state) {
    batch.Clear();
    benchmark::DoNotOptimize(decoder.Decode(message, sink, memory, batch).ok());
  }
  const auto requests = static_cast<double>(state.iterations());
  state.counters["allocations_per_request"] = static_cast<double>(allocations - before) / requests;
  state.SetItemsProcessed(state.iterations() * kSeries);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(message.size()));
}
BENCHMARK(BM_DecodeV2)->Arg(0)->Arg(1);

void BM_Handle(benchmark::State& state) {
  const std::string body = Snappy(NodeExporterLikeRequest());
  CountingSink sink;
  RemoteWriteHandler handler(sink);
  net::HttpRequest request;
  request.headers = {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}};
  request.body = body;
  for (auto _ : state) {
    handler.Handle(request, net::Responder([](net::HttpResponse response) {
                     benchmark::DoNotOptimize(response.status);
                   }));
  }
  state.SetItemsProcessed(state.iterations() * kSeries);
}
BENCHMARK(BM_Handle);

}  // namespace
}  // namespace luma::prom
