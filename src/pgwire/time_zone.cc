#include "pgwire/time_zone.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

#include "pgwire/wire_reader.h"

namespace luma::pgwire {
namespace {

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";
constexpr size_t kZoneFileBytesMax = 1 << 20;
constexpr size_t kZoneNameBytesMax = 64;

// The counts of one data block of a TZif file.
struct BlockHeader {
  char version = 0;
  uint32_t utc_indicators, standard_indicators, leap_seconds, transitions, types, name_bytes;
};

Status BadZone(std::string_view what) {
  return Status::InvalidArgument("bad time zone file: ", what);
}

BlockHeader ReadHeader(WireReader& reader) {
  BlockHeader header{};
  if (reader.Raw(4) != "TZif") {
    reader.Raw(SIZE_MAX);  // makes the reader fail
    return header;
  }
  header.version = static_cast<char>(reader.Byte());
  reader.Raw(15);  // reserved
  for (uint32_t* count : {&header.utc_indicators, &header.standard_indicators, &header.leap_seconds,
                          &header.transitions, &header.types, &header.name_bytes}) {
    *count = static_cast<uint32_t>(reader.Int32());
  }
  return header;
}

void SkipBlock(const BlockHeader& header, uint64_t time_bytes, WireReader& reader) {
  reader.Raw(header.transitions * (time_bytes + 1) + header.types * 6ull + header.name_bytes +
             header.leap_seconds * (time_bytes + 4) + header.standard_indicators +
             header.utc_indicators);
}

int64_t ReadInt64(WireReader& reader) {
  const auto high = static_cast<uint32_t>(reader.Int32());
  const auto low = static_cast<uint32_t>(reader.Int32());
  return static_cast<int64_t>(static_cast<uint64_t>(high) << 32 | low);
}

// No path out of the folder, and nothing but names of zones.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameBytesMax || name.front() == '/') return false;
  if (name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '+' || c == '/';
  });
}

bool IsUtcName(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return upper == "UTC" || upper == "ETC/UTC" || upper == "GMT" || upper == "Z" ||
         upper == "ZULU" || upper == "ETC/GMT" || upper == "UCT";
}

}  // namespace

Result<TimeZone> TimeZone::Load(std::string_view name) {
  if (IsUtcName(name)) return TimeZone();
  const Status unknown = Status::InvalidArgument("time zone \"", name, "\" not recognized");
  if (!IsZoneName(name)) return unknown;
  std::ifstream file(std::string(kZoneFolder) + std::string(name), std::ios::binary);
  if (!file) return unknown;
  std::string bytes(kZoneFileBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return Decode(bytes);
}

Result<TimeZone> TimeZone::Decode(std::string_view tzif) {
  WireReader reader(tzif);
  BlockHeader header = ReadHeader(reader);
  if (header.version >=
      '2') {  // a second block with 64-bit times follows the one with 32-bit times
    SkipBlock(header, 4, reader);
    header = ReadHeader(reader);
  }
  if (!reader.ok()) return BadZone("header");
  const bool wide = header.version >= '2';
  if (header.types == 0) return BadZone("no offsets");
  if (header.transitions * (wide ? 9ull : 5ull) + header.types * 6ull > reader.remaining()) {
    return BadZone("counts");
  }

  std::vector<int64_t> times(header.transitions);
  for (int64_t& time : times) time = wide ? ReadInt64(reader) : reader.Int32();
  std::vector<uint8_t> type_of(header.transitions);
  for (uint8_t& type : type_of) type = reader.Byte();
  std::vector<int32_t> offsets(header.types);
  for (int32_t& offset : offsets) {
    offset = reader.Int32();
    reader.Raw(2);  // daylight saving flag, index of the abbreviation
  }

  Rules rules;
  rules.first_offset_seconds = offsets.front();
  for (size_t i = 0; i < times.size(); ++i) {
    if (type_of[i] >= offsets.size()) return BadZone("offset index");
    if (i > 0 && times[i] <= times[i - 1]) return BadZone("order of transitions");
    rules.transitions.push_back({times[i], offsets[type_of[i]]});
  }
  TimeZone zone;
  zone.rules_ = std::make_shared<const Rules>(std::move(rules));
  return zone;
}

int32_t TimeZone::OffsetSecondsAt(int64_t unix_micros) const {
  if (rules_ == nullptr) return 0;
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  const int64_t seconds =
      unix_micros / kMicrosPerSecond - (unix_micros % kMicrosPerSecond < 0 ? 1 : 0);
  const auto& transitions = rules_->transitions;
  const auto after = std::upper_bound(
      transitions.begin(), transitions.end(), seconds,
      [](int64_t at, const Transition& transition) { return at < transition.unix_seconds; });
  return after == transitions.begin() ? rules_->first_offset_seconds
                                      : std::prev(after)->offset_seconds;
}

}  // namespace luma::pgwire
