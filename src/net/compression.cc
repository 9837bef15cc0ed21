#include "net/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace luma::net {
namespace {

// The fastest: answers are made while somebody waits, on the processors that queries need.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

struct Preference {
  std::string_view coding;
  double weight = 1;
};

Preference ParsePreference(std::string_view text) {
  const size_t semicolon = std::min(text.find(';'), text.size());
  Preference preference{.coding = Trimmed(text.substr(0, semicolon))};
  text.remove_prefix(semicolon);
  if (const size_t equals = text.find("q="); equals != std::string_view::npos) {
    const std::string_view weight = Trimmed(text.substr(equals + 2));
    std::from_chars(weight.data(), weight.data() + weight.size(), preference.weight);
  }
  return preference;
}

std::optional<std::string> Gzip(const std::string& body) {
  if (body.size() > std::numeric_limits<uInt>::max() / 2) return std::nullopt;
  constexpr int kGzipWindowBits = 15 + 16;
  constexpr int kMemoryLevel = 8;  // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(body.size(), '\0');  // when that is too little, it does not pay
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return whole ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::string> Zstd(const std::string& body) {
  std::string out(body.size(), '\0');
  const size_t bytes = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), kZstdLevel);
  if (ZSTD_isError(bytes) != 0) return std::nullopt;
  out.resize(bytes);
  return out;
}

}  // namespace

ContentCoding ChooseCoding(std::string_view accept_encoding) {
  double gzip = 0;
  double zstd = 0;
  while (!accept_encoding.empty()) {
    const size_t comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const Preference preference = ParsePreference(accept_encoding.substr(0, comma));
    if (EqualsIgnoringCase(preference.coding, "gzip")) gzip = preference.weight;
    if (EqualsIgnoringCase(preference.coding, "zstd")) zstd = preference.weight;
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
  }
  if (zstd > 0 && zstd >= gzip) return ContentCoding::kZstd;
  return gzip > 0 ? ContentCoding::kGzip : ContentCoding::kIdentity;
}

void Compress(ContentCoding coding, HttpResponse& response) {
  if (coding == ContentCoding::kIdentity || response.body.size() < kCompressedBytesMin) return;
  for (const HttpHeader& header : response.headers) {
    if (EqualsIgnoringCase(header.name, "Content-Encoding")) return;
  }
  const bool gzip = coding == ContentCoding::kGzip;
  std::optional<std::string> smaller = gzip ? Gzip(response.body) : Zstd(response.body);
  if (!smaller) return;
  response.body = *std::move(smaller);
  response.headers.push_back({"Content-Encoding", gzip ? "gzip" : "zstd"});
  response.headers.push_back({"Vary", "Accept-Encoding"});
}

HttpHandler WithCompression(HttpHandler handler) {
  return [handler = std::move(handler)](HttpRequest request, const Responder& responder) {
    const ContentCoding coding = ChooseCoding(request.Header("Accept-Encoding"));
    if (coding == ContentCoding::kIdentity) return handler(std::move(request), responder);
    handler(std::move(request), Responder([coding, responder](HttpResponse response) {
              Compress(coding, response);
              responder.Send(std::move(response));
            }));
  };
}

}  // namespace luma::net
