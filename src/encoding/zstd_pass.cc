#include "encoding/zstd_pass.h"

#include <zstd.h>

#include <memory>

#include "base/check.h"

namespace luma::encoding {
namespace {

// Bounds what a few hostile bytes can make a reader allocate; the writer keeps a payload that
// would compress better than this as it is. docs/formats/block.md.
constexpr uint64_t kExpansionMax = 1024;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A context is some hundred KiB to set up, so each thread keeps one.
ZSTD_CCtx* CompressionContext() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  LUMA_CHECK(context != nullptr);
  return context.get();
}

ZSTD_DCtx* DecompressionContext() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  LUMA_CHECK(context != nullptr);
  return context.get();
}

}  // namespace

bool AppendCompressed(ByteSpan payload, int level, Bytes& out) {
  const size_t begin = out.size();
  ByteWriter(out).Varint(payload.size());
  const size_t frame_begin = out.size();
  const size_t bytes_max = payload.size() - payload.size() / 8;
  out.resize(frame_begin + bytes_max);
  const size_t bytes = ZSTD_compressCCtx(CompressionContext(), out.data() + frame_begin, bytes_max,
                                         payload.data(), payload.size(), level);
  const bool keep = !ZSTD_isError(bytes) && payload.size() / kExpansionMax <= bytes;
  out.resize(keep ? frame_begin + bytes : begin);
  return keep;
}

bool Decompress(ByteSpan compressed, AlignedBuffer& payload) {
  ByteReader reader(compressed);
  const uint64_t size = reader.Varint();
  const ByteSpan frame = reader.Raw(reader.remaining());
  if (!reader.ok() || size / kExpansionMax > frame.size()) return false;
  payload = AlignedBuffer(size);
  const size_t bytes = ZSTD_decompressDCtx(DecompressionContext(), payload.data(), payload.size(),
                                           frame.data(), frame.size());
  return !ZSTD_isError(bytes) && bytes == size;
}

}  // namespace luma::encoding
