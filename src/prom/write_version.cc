#include "prom/write_version.h"

#include <algorithm>
#include <string_view>

namespace luma::prom {
namespace {

constexpr std::string_view kMediaType = "application/x-protobuf";
constexpr std::string_view kMessageOne = "prometheus.WriteRequest";
constexpr std::string_view kMessageTwo = "io.prometheus.write.v2.Request";

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// What comes before the next semicolon; `text` becomes what comes behind it.
std::string_view TakePart(std::string_view& text) {
  const size_t end = std::min(text.find(';'), text.size());
  const std::string_view part = Trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

Status UnsupportedType(std::string_view type) {
  return Status::Unsupported("unsupported content type: want=", kMediaType, ";proto=", kMessageOne,
                             " or ;proto=", kMessageTwo, " got=", type);
}

Result<WriteVersion> VersionOf(std::string_view content_type) {
  WriteVersion version = WriteVersion::kOne;
  if (content_type.empty()) return version;
  std::string_view rest = content_type;
  if (!net::EqualsIgnoringCase(TakePart(rest), kMediaType)) return UnsupportedType(content_type);
  while (!rest.empty()) {
    std::string_view parameter = TakePart(rest);
    if (!parameter.starts_with("proto=")) continue;
    parameter.remove_prefix(std::string_view("proto=").size());
    if (parameter != kMessageOne && parameter != kMessageTwo) return UnsupportedType(content_type);
    version = parameter == kMessageOne ? WriteVersion::kOne : WriteVersion::kTwo;
  }
  return version;
}

}  // namespace

Result<WriteVersion> NegotiateWriteVersion(const net::HttpRequest& request) {
  LUMA_ASSIGN_OR_RETURN(const WriteVersion version, VersionOf(request.Header("Content-Type")));
  const std::string_view encoding = request.Header("Content-Encoding");
  if (encoding.empty() || net::EqualsIgnoringCase(encoding, "snappy")) return version;
  return Status::Unsupported("unsupported content encoding: want=snappy got=", encoding);
}

}  // namespace luma::prom
