#include "net/decompression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>

namespace luma::net {
namespace {

// What RFC 8878 asks every decoder for; senders use no more unless they are told to.
constexpr int kZstdWindowLogMax = 23;
constexpr size_t kFirstBytes = 64 << 10;

// The content as it grows: doubled each time, booked before, never beyond the bound by more than
// the byte that shows it was exceeded.
class Output {
 public:
  Output(const DecompressionLimits& limits, std::string& out) : limits_(limits), out_(out) {
    out_.clear();
  }

  // Makes room for at least one byte more.
  Status Grow() {
    if (size_ > limits_.bytes_max) return TooLarge();
    const uint64_t wanted = std::max<uint64_t>(size_ * 2, kFirstBytes);
    const auto bytes = static_cast<size_t>(std::min(wanted, limits_.bytes_max + 1));
    if (limits_.book != nullptr) LUMA_RETURN_IF_ERROR(limits_.book(bytes - out_.size()));
    out_.resize(bytes);
    return Status::Ok();
  }
  char* room() { return out_.data() + size_; }
  size_t room_bytes() const { return out_.size() - size_; }
  void Take(size_t bytes) { size_ += bytes; }

  Status Finish() {
    if (size_ > limits_.bytes_max) return TooLarge();
    out_.resize(size_);
    return Status::Ok();
  }

 private:
  Status TooLarge() const {
    return Status::TooLarge("request too large: decoded_bytes_max=", limits_.bytes_max);
  }

  const DecompressionLimits& limits_;
  std::string& out_;
  size_t size_ = 0;
};

Status BadGzip(std::string_view what) { return Status::InvalidArgument("bad gzip: ", what); }

Status Gunzip(std::string_view body, Output& output) {
  if (body.size() > std::numeric_limits<uInt>::max()) return BadGzip("too long");
  constexpr int kGzipWindowBits = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) return Status::OutOfMemory("no zlib");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  while (true) {
    if (output.room_bytes() == 0) LUMA_RETURN_IF_ERROR(output.Grow());
    const auto room =
        static_cast<uInt>(std::min<size_t>(output.room_bytes(), std::numeric_limits<uInt>::max()));
    stream.next_out = reinterpret_cast<Bytef*>(output.room());
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    output.Take(room - stream.avail_out);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return output.Finish();
      if (inflateReset(&stream) != Z_OK) return BadGzip("another member");
    } else if (result == Z_BUF_ERROR && stream.avail_in == 0) {
      return BadGzip("cut off");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return BadGzip(stream.msg == nullptr ? "damaged data" : stream.msg);
    }
  }
}

Status BookWindow(std::string_view body, const DecompressionLimits& limits) {
  if (limits.book == nullptr) return Status::Ok();
  const uint64_t window = uint64_t{1} << kZstdWindowLogMax;
  // A lone frame that says how long its content is needs no larger window.
  const unsigned long long content = ZSTD_getFrameContentSize(body.data(), body.size());
  const bool is_known = content != ZSTD_CONTENTSIZE_UNKNOWN && content != ZSTD_CONTENTSIZE_ERROR &&
                        ZSTD_findFrameCompressedSize(body.data(), body.size()) == body.size();
  return limits.book(is_known ? std::min<uint64_t>(content, window) : window);
}

Status Unzstd(std::string_view body, Output& output) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  if (stream == nullptr) return Status::OutOfMemory("no zstd");
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  size_t more = 1;  // 0: at the end of a frame
  bool has_output = false;
  while (in.pos < in.size || has_output) {
    if (output.room_bytes() == 0) LUMA_RETURN_IF_ERROR(output.Grow());
    ZSTD_outBuffer out{output.room(), output.room_bytes(), 0};
    more = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(more) != 0) {
      return Status::InvalidArgument("bad zstd: ", ZSTD_getErrorName(more));
    }
    output.Take(out.pos);
    has_output = more != 0 && out.pos == out.size;
  }
  return more == 0 ? output.Finish() : Status::InvalidArgument("bad zstd: cut off");
}

}  // namespace

Status Decompress(ContentCoding coding, std::string_view body, const DecompressionLimits& limits,
                  std::string& out) {
  LUMA_CHECK(coding != ContentCoding::kIdentity);
  Output output(limits, out);
  if (coding == ContentCoding::kGzip) return Gunzip(body, output);
  LUMA_RETURN_IF_ERROR(BookWindow(body, limits));
  return Unzstd(body, output);
}

}  // namespace luma::net
