#include "prom/scrape/page_parser.h"

#include <utility>

#include "base/ascii.h"
#include "prom/scrape/converting_parser.h"
#include "prom/scrape/protobuf_parser.h"
#include "prom/scrape/text_parser.h"

namespace luma::prom {
namespace {

constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";
constexpr std::string_view kText = "text/plain";

// "Text/Plain; version=0.0.4" is "text/plain".
std::string MediaTypeOf(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.starts_with(' ')) content_type.remove_prefix(1);
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  return LowerAscii(content_type);
}

bool IsKnown(std::string_view type) {
  return type == kOpenMetrics || type == kProtobuf || type == kText;
}

Result<std::string> ChooseMediaType(std::string_view content_type, const std::string& fallback) {
  std::string type = MediaTypeOf(content_type);
  if (IsKnown(type)) return type;
  if (!fallback.empty()) return fallback;
  if (content_type.empty()) {
    return Status::InvalidArgument(
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
        "specified for target");
  }
  return Status::InvalidArgument("received unsupported Content-Type \"", content_type,
                                 "\" and no fallback_scrape_protocol specified for target");
}

}  // namespace

Result<std::unique_ptr<PageParser>> MakePageParser(std::string_view content_type,
                                                   std::string_view page,
                                                   const PageFormatOptions& options) {
  LUMA_ASSIGN_OR_RETURN(const std::string type,
                        ChooseMediaType(content_type, options.fallback_media_type));
  std::unique_ptr<PageParser> parser;
  if (type == kProtobuf) {
    parser = std::make_unique<ProtobufParser>(page, options.native_histograms,
                                              options.classic_histograms);
  } else {
    parser = std::make_unique<TextParser>(
        page, type == kOpenMetrics ? TextDialect::kOpenMetrics : TextDialect::kPrometheus);
  }
  if (options.custom_buckets) {
    parser = std::make_unique<ConvertingParser>(std::move(parser), options.classic_histograms);
  }
  return parser;
}

}  // namespace luma::prom
