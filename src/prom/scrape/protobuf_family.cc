#include "prom/scrape/protobuf_family.h"

#include "model/protobuf_reader.h"
#include "model/utf8.h"
#include "prom/protobuf_fields.h"

namespace luma::prom {
namespace {

// The length that comes before each message. False when it is not there or too long.
bool TakeDelimited(std::string_view& rest, std::string_view& message) {
  ProtobufReader reader(rest);
  const uint64_t length = reader.Varint();
  if (!reader.ok() || length > reader.remaining()) return false;
  message = rest.substr(rest.size() - reader.remaining(), length);
  rest.remove_prefix(rest.size() - reader.remaining() + length);
  return true;
}

std::string_view TypeText(uint64_t type) {
  switch (type) {
    case 0:
      return "counter";
    case 1:
      return "gauge";
    case 2:
      return "summary";
    case 4:
      return "histogram";
    case 5:
      return "gaugehistogram";
    default:
      return "unknown";
  }
}

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out.push_back('\\');
    out.append(c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1));
  }
}

void AppendLines(const ProtobufFamily& family, std::string& lines) {
  const auto append = [&](std::string_view keyword, std::string_view text) {
    lines.append("# ").append(keyword).append(" \"");
    AppendEscaped(family.name, lines);
    lines.append("\" ").append(text).append("\n");
  };
  std::string escaped;
  AppendEscaped(family.help, escaped);
  append("TYPE", TypeText(family.type));
  append("HELP", escaped);
  if (!family.unit.empty() && family.unit.find('\n') == std::string_view::npos) {
    append("UNIT", family.unit);
  }
}

// What AppendLines appends at most: three lines, each character two bytes.
size_t LineBytesMax(const ProtobufFamily& family) {
  constexpr size_t kAroundTexts = 64;
  return 2 * (3 * family.name.size() + family.help.size()) + family.unit.size() + kAroundTexts;
}

}  // namespace

bool TakeFamily(std::string_view& page, ProtobufFamily& family) {
  family = {};
  if (!TakeDelimited(page, family.message)) return false;
  ProtobufReader reader(family.message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case BytesField(1):
        family.name = reader.Bytes();
        break;
      case BytesField(2):
        family.help = reader.Bytes();
        break;
      case VarintField(3):
        family.type = reader.Varint();
        break;
      case BytesField(5):
        family.unit = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() && !family.name.empty() && IsValidUtf8(family.name);
}

std::string FamilyMetadataLines(std::string_view page, ResultMemory& memory) {
  constexpr size_t kBookedAtATime = 64 << 10;
  std::string lines;
  size_t booked = 0;
  ProtobufFamily family;
  while (!page.empty() && TakeFamily(page, family)) {
    const size_t bytes = lines.size() + LineBytesMax(family);
    if (bytes > kMetadataLineBytesMax) break;
    // Twice that: a string that grows is in memory with the one it was.
    if (bytes > booked) {
      if (!memory.Book(2 * (bytes - booked + kBookedAtATime)).ok()) break;
      booked = bytes + kBookedAtATime;
    }
    AppendLines(family, lines);
  }
  return lines;
}

}  // namespace luma::prom
