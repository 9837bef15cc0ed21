#include "prom/metric_metadata.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "model/utf8.h"
#include "prom/protobuf_fields.h"

namespace luma::prom {
namespace {

// What a map entry takes besides its texts.
constexpr size_t kEntryBytes = 256;

std::string_view WithoutLeadingBlanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::string_view TakeWord(std::string_view& text) {
  text = WithoutLeadingBlanks(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    const bool escape = next == '\\' || next == '"' || next == 'n';
    if (escape) ++i;
    out.push_back(!escape ? text[i] : next == 'n' ? '\n' : next);
  }
  return out;
}

// A plain or quoted name from the front; empty when there is none.
std::string TakeFamily(std::string_view& text) {
  text = WithoutLeadingBlanks(text);
  if (!text.starts_with('"')) return std::string(TakeWord(text));
  size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) return "";
  std::string name = Unescaped(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  return name;
}

struct MetadataLine {
  std::string_view keyword;
  std::string family;
  std::string_view rest;
};

// nullopt for comments and lines without a name.
std::optional<MetadataLine> ReadLine(std::string_view line) {
  line.remove_prefix(1);  // the "#"
  if (line.ends_with('\r')) line.remove_suffix(1);
  MetadataLine parts{.keyword = TakeWord(line), .family = {}, .rest = {}};
  const bool known = parts.keyword == "TYPE" || parts.keyword == "HELP" || parts.keyword == "UNIT";
  if (!known) return std::nullopt;
  parts.family = TakeFamily(line);
  parts.rest = WithoutLeadingBlanks(line);
  if (parts.family.empty() || !IsValidUtf8(parts.family)) return std::nullopt;
  return parts;
}

void Apply(const MetadataLine& line, MetricMetadata& metadata) {
  if (line.keyword == "TYPE") {
    metadata.type = line.rest == "untyped" ? "unknown" : std::string(line.rest);
  } else {
    (line.keyword == "HELP" ? metadata.help : metadata.unit) = Unescaped(line.rest);
  }
}

template <typename Visitor>
void ForEachCommentLine(std::string_view page, const Visitor& visit) {
  size_t begin = page.starts_with('#') ? 0 : page.find("\n#");
  while (begin != std::string_view::npos) {
    if (page[begin] == '\n') ++begin;
    const size_t end = std::min(page.find('\n', begin), page.size());
    visit(page.substr(begin, end - begin));
    begin = page.find("\n#", end);
  }
}

size_t BytesOf(const MetricMetadata& metadata) {
  return kEntryBytes + 2 * metadata.family.size() + metadata.type.size() + metadata.help.size() +
         metadata.unit.size();
}

size_t BytesOf(const MetadataList& list) {
  size_t bytes = 0;
  for (const MetricMetadata& metadata : list) bytes += BytesOf(metadata);
  return bytes;
}

}  // namespace

std::string_view MetricTypeName(uint64_t type) {
  constexpr std::array<std::string_view, 8> kNames = {
      "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"};
  return type < kNames.size() ? kNames[type] : kNames[0];
}

MetadataList ReadPageMetadata(std::string_view page) {
  MetadataList list;
  std::unordered_map<std::string, size_t> places;
  ForEachCommentLine(page, [&](std::string_view text) {
    const std::optional<MetadataLine> line = ReadLine(text);
    if (!line) return;
    const auto [place, is_new] = places.try_emplace(line->family, list.size());
    if (is_new) list.push_back({.family = line->family, .help = {}, .unit = {}});
    Apply(*line, list[place->second]);
  });
  return list;
}

// Each line is copied, a family twice.
size_t PageMetadataBytesMax(std::string_view page) {
  size_t bytes = 0;
  ForEachCommentLine(
      page, [&bytes](std::string_view line) { bytes += 3 * line.size() + 2 * kEntryBytes; });
  return bytes;
}

Result<MetricMetadata> DecodeMetadata(std::string_view message) {
  MetricMetadata metadata;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        metadata.type = MetricTypeName(reader.Varint());
        break;
      case BytesField(2):
        metadata.family = reader.Bytes();
        break;
      case BytesField(4):
        metadata.help = reader.Bytes();
        break;
      case BytesField(5):
        metadata.unit = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (reader.ok() && IsValidUtf8(metadata.family)) return metadata;
  return Status::InvalidArgument("malformed protobuf: message=MetricMetadata");
}

std::shared_ptr<const MetadataList> PageMetadataCache::Of(std::string_view page) {
  struct BookedList {
    MetadataList list;
    storage::BudgetLease memory;
  };
  auto memory = budget_.Book(storage::BudgetUse::kIngest, PageMetadataBytesMax(page));
  if (!memory.ok()) return nullptr;
  std::string lines;
  ForEachCommentLine(page, [&lines](std::string_view line) { lines.append(line).push_back('\n'); });
  const uint64_t hash = Hash64(AsBytes(lines));
  {
    MutexLock lock(mutex_);
    if (const auto found = lists_.find(hash); found != lists_.end()) {
      if (auto list = found->second.lock()) return list;
    }
  }
  const auto booked = std::make_shared<BookedList>(ReadPageMetadata(lines), *std::move(memory));
  booked->memory = budget_.BookAlways(storage::BudgetUse::kSeries, BytesOf(booked->list));
  std::shared_ptr<const MetadataList> list(booked, &booked->list);
  MutexLock lock(mutex_);
  std::erase_if(lists_, [](const auto& entry) { return entry.second.expired(); });
  lists_[hash] = list;
  return list;
}

bool WrittenMetadata::Add(MetricMetadata metadata) {
  const size_t bytes = BytesOf(metadata);
  MutexLock lock(mutex_);
  const auto found = families_.find(metadata.family);
  const size_t before = found == families_.end() ? 0 : BytesOf(found->second);
  if (bytes_ - before + bytes > kBytesMax) return false;
  bytes_ += bytes - before;
  families_[metadata.family] = std::move(metadata);
  return true;
}

void WrittenMetadata::ForEach(const MetadataVisitor& visit) const {
  MutexLock lock(mutex_);
  for (const auto& [family, metadata] : families_) visit(metadata);
}

MetadataList WrittenMetadata::All() const {
  MetadataList all;
  ForEach([&all](const MetricMetadata& metadata) { all.push_back(metadata); });
  return all;
}

}  // namespace luma::prom
