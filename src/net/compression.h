// Compresses answers for clients that accept it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http.h"

namespace luma::net {

enum class ContentCoding : uint8_t { kIdentity, kGzip, kZstd };

// What "Accept-Encoding" likes best of what there is here (RFC 9110, section 12.5.3); zstd before
// gzip when it likes both. Threads: any.
ContentCoding ChooseCoding(std::string_view accept_encoding);

// Below this, the header would cost more than it saves.
constexpr size_t kCompressedBytesMin = 1024;

// Compresses the body, unless it is short, or has a Content-Encoding already, or would not shrink.
// Threads: any.
void Compress(ContentCoding coding, HttpResponse& response);

// `handler`, with its answer compressed as the request allows, on the thread that answers.
HttpHandler WithCompression(HttpHandler handler);

}  // namespace luma::net
