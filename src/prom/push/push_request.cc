#include "prom/push/push_request.h"

#include <snappy.h>

#include "net/decompression.h"
#include "prom/snappy_body.h"
#include "prom/write_request.h"

namespace luma::prom {
namespace {

// Kept from request to request. Above this, memory goes back.
constexpr size_t kScratchBytesMax = 4 << 20;
constexpr size_t kLabelBytesPerRequestMax = 256 << 20;

Status Unsnappy(std::string_view body, uint64_t bytes_max, ResultMemory& memory, std::string& out) {
  LUMA_ASSIGN_OR_RETURN(const size_t bytes, UncompressedBytes(body, bytes_max));
  LUMA_RETURN_IF_ERROR(memory.Book(bytes));
  out.resize(bytes);
  if (snappy::RawUncompress(body.data(), body.size(), out.data())) return Status::Ok();
  return Status::InvalidArgument("bad snappy: damaged data");
}

}  // namespace

void PushScratch::Trim() {
  batch.Clear();
  if (decoded.capacity() + batch.allocated_bytes() <= kScratchBytesMax) return;
  decoded = std::string();
  batch = SeriesBatch();
}

Result<std::string_view> PushRequest::Decode(const net::HttpRequest& request) {
  if (options_.budget != nullptr) {
    LUMA_ASSIGN_OR_RETURN(lease_, options_.budget->Book(storage::BudgetUse::kIngest, 0));
  }
  memory_.Start(lease_memory_, 0);
  const std::string_view body = request.body;
  const std::string_view coding = request.Header("Content-Encoding");
  if (coding.empty() || net::EqualsIgnoringCase(coding, "identity")) return body;
  const net::DecompressionLimits limits{
      .bytes_max = options_.decoded_bytes_max,
      .book = [this](uint64_t bytes) { return lease_memory_.Book(bytes); }};
  if (net::EqualsIgnoringCase(coding, "gzip")) {
    LUMA_RETURN_IF_ERROR(
        net::Decompress(net::ContentCoding::kGzip, body, limits, scratch_.decoded));
  } else if (net::EqualsIgnoringCase(coding, "zstd")) {
    LUMA_RETURN_IF_ERROR(
        net::Decompress(net::ContentCoding::kZstd, body, limits, scratch_.decoded));
  } else if (net::EqualsIgnoringCase(coding, "snappy")) {
    LUMA_RETURN_IF_ERROR(
        Unsnappy(body, options_.decoded_bytes_max, lease_memory_, scratch_.decoded));
  } else {
    return Status::Unsupported("unsupported content encoding: want=gzip, zstd or snappy got=",
                               coding);
  }
  return std::string_view(scratch_.decoded);
}

Status PushRequest::MakeRoom() {
  const SeriesBatch& batch = scratch_.batch;
  if (batch.sample_count() >= kSamplesPerRequestMax) return TooManySamples();
  if (batch.label_bytes() > kLabelBytesPerRequestMax) {
    return Status::TooLarge("labels of one request are too long: bytes_max=",
                            kLabelBytesPerRequestMax);
  }
  if (batch.histogram_bytes() > kHistogramBytesPerRequestMax) {
    return Status::TooLarge("histograms of one request are too long: bytes_max=",
                            kHistogramBytesPerRequestMax);
  }
  return memory_.Need(RequestMemory::BytesIn(batch) + kLabelsBytesMax);
}

}  // namespace luma::prom
