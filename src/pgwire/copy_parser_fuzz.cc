// Any bytes as COPY data: no crash, and the same rows however the bytes are split.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "pgwire/copy_parser.h"

namespace luma::pgwire {
namespace {

class Recorder final : public CopyRowSink {
 public:
  Status AddRow(std::span<const std::optional<std::string_view>> fields) override {
    LUMA_CHECK(fields.size() == 2);
    for (const auto& field : fields) seen += field.has_value() ? "<" + std::string(*field) : "N";
    return Status::Ok();
  }
  std::string seen;
};

std::string RowsOf(std::string_view bytes, uint8_t flags, size_t piece) {
  sql::CopyOptions options;
  if ((flags & 1) != 0) {
    options.format = sql::CopyFormat::kCsv;
    options.delimiter = ',';
    options.null_text = "";
  }
  if ((flags & 2) != 0) options.escape = '\\';
  options.header = (flags & 4) != 0;
  CopyParser parser(options, {"a", "b"}, 1 << 20);
  Recorder recorder;
  Status status;
  while (status.ok() && !bytes.empty()) {
    status = parser.Feed(bytes.substr(0, piece), recorder);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (status.ok()) status = parser.Finish(recorder);
  return recorder.seen + std::string(status.message()) + std::to_string(parser.line_number());
}

}  // namespace
}  // namespace luma::pgwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = luma::pgwire::RowsOf(bytes, data[0], bytes.size() + 1);
  LUMA_CHECK(luma::pgwire::RowsOf(bytes, data[0], size_t{1} + data[1]) == whole);
  return 0;
}
