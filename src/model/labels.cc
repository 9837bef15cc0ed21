#include "model/labels.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "model/utf8.h"

namespace luma {
namespace {

// Names and values are mostly shorter than 16 bytes, for which a call costs more than the copy.
void CopyBytes(const char* from, size_t size, char* to) {
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {  // the two halves overlap
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}

// Writes a LEB128 of at most three bytes, which are enough for a text, and returns its end.
char* WriteLength(size_t length, char* to) {
  while (length >= 0x80) {
    *to++ = static_cast<char>(length | 0x80);
    length >>= 7;
  }
  *to++ = static_cast<char>(length);
  return to;
}

// Writes the length-prefixed text and returns its end.
char* WriteText(std::string_view text, char* to) {
  to = WriteLength(text.size(), to);
  CopyBytes(text.data(), text.size(), to);
  return to + text.size();
}

// Reads one length-prefixed text from trusted bytes.
std::string_view TakeText(std::string_view& rest) {
  size_t length = 0;
  size_t at = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(rest[at++]);
    length |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  const std::string_view text = rest.substr(at, length);
  rest.remove_prefix(at + length);
  return text;
}

bool NameLess(const LabelRef& a, const LabelRef& b) { return a.name < b.name; }

// All but UTF-8. `bytes` becomes an upper bound of the canonical bytes.
LabelsOutcome CheckSorted(std::span<const LabelRef> labels, size_t& bytes) {
  bytes = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const LabelRef& label = labels[i];
    if (label.name.empty()) return LabelsOutcome::kEmptyName;
    if (i > 0 && labels[i - 1].name == label.name) return LabelsOutcome::kDuplicateName;
    if (std::max(label.name.size(), label.value.size()) > kLabelTextBytesMax) {
      return LabelsOutcome::kTooLong;
    }
    bytes += label.name.size() + label.value.size() + 6;  // 6: the longest two length prefixes
  }
  return bytes > kLabelsBytesMax ? LabelsOutcome::kTooLong : LabelsOutcome::kOk;
}

bool AreValidUtf8(std::span<const LabelRef> labels) {
  return std::ranges::all_of(labels, [](const LabelRef& label) {
    return IsValidUtf8(label.name) && IsValidUtf8(label.value);
  });
}

bool HasEmptyValue(std::span<const LabelRef> labels) {
  return std::ranges::any_of(labels, [](const LabelRef& label) { return label.value.empty(); });
}

char* WriteLabels(std::span<const LabelRef> labels, char* to) {
  for (const LabelRef& label : labels) {
    if (label.value.empty()) continue;
    to = WriteText(label.name, to);
    to = WriteText(label.value, to);
  }
  return to;
}

size_t LengthBytes(size_t length) { return length < 0x80 ? 1 : length < 0x4000 ? 2 : 3; }

void AppendQuoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out.append("\\n");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

void LabelsView::Iterator::Read() {
  if (rest_.empty()) {
    label_ = LabelRef();
    return;
  }
  label_.name = TakeText(rest_);
  label_.value = TakeText(rest_);
}

std::string_view LabelsView::Get(std::string_view name) const {
  for (const LabelRef& label : *this) {
    if (label.name == name) return label.value;
  }
  return {};
}

Hash128 LabelsView::Hash() const {
  std::string fields;
  size_t size = 0;
  for (const LabelRef& label : *this) {
    size += label.name.size() + label.value.size() + kWireLabelBytesMore;
  }
  fields.resize(size);
  char* end = fields.data();
  for (const LabelRef& label : *this) end = WriteWireLabel(label, end);
  fields.resize(static_cast<size_t>(end - fields.data()));
  return HashWireLabels(fields);
}

char* WriteWireLabel(const LabelRef& label, char* to) {
  constexpr char kNameTag = 0x0a;
  constexpr char kValueTag = 0x12;
  *to++ = kWireLabelTag;
  to = WriteLength(2 + LengthBytes(label.name.size()) + label.name.size() +
                       LengthBytes(label.value.size()) + label.value.size(),
                   to);
  *to++ = kNameTag;
  to = WriteText(label.name, to);
  *to++ = kValueTag;
  return WriteText(label.value, to);
}

std::string LabelsView::ToString() const {
  std::string out(metric_name());
  std::string_view separator = "{";
  for (const LabelRef& label : *this) {
    if (label.name == kMetricNameLabel) continue;
    out.append(separator).append(label.name).push_back('=');
    AppendQuoted(label.value, out);
    separator = ", ";
  }
  if (separator != "{") out.push_back('}');
  return out.empty() ? "{}" : out;
}

int CompareLabels(LabelsView a, LabelsView b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (const int order = left->name.compare(right->name); order != 0) return order;
    if (const int order = left->value.compare(right->value); order != 0) return order;
  }
  return static_cast<int>(left != a.end()) - static_cast<int>(right != b.end());
}

Result<Labels> Labels::Of(std::vector<LabelRef> labels) {
  Labels result;
  const LabelsOutcome outcome = AppendCanonical(labels, result.canonical_);
  if (outcome != LabelsOutcome::kOk) return Status::InvalidArgument(LabelsOutcomeText(outcome));
  return result;
}

Result<Labels> Labels::FromCanonical(std::string_view bytes) {
  LUMA_RETURN_IF_ERROR(CheckCanonical(bytes));
  return Labels(LabelsView(bytes));
}

std::string_view LabelsOutcomeText(LabelsOutcome outcome) {
  switch (outcome) {
    case LabelsOutcome::kOk:
      return "ok";
    case LabelsOutcome::kEmptyName:
      return "empty label name";
    case LabelsOutcome::kDuplicateName:
      return "duplicate label name";
    case LabelsOutcome::kInvalidUtf8:
      return "label is not valid UTF-8";
    case LabelsOutcome::kTooLong:
      return "label name, value or set is too long";
  }
  return "";
}

LabelsOutcome AppendCanonical(std::span<LabelRef> labels, std::string& out) {
  if (!std::is_sorted(labels.begin(), labels.end(), NameLess)) {
    std::sort(labels.begin(), labels.end(), NameLess);
  }
  size_t bytes_max;
  const LabelsOutcome outcome = CheckSorted(labels, bytes_max);
  if (outcome != LabelsOutcome::kOk) return outcome;
  const size_t begin = out.size();
  out.resize(begin + bytes_max);
  const char* const end = WriteLabels(labels, out.data() + begin);
  out.resize(static_cast<size_t>(end - out.data()));
  // Looking at all of it once is enough for nearly every set; names left out for an empty value are
  // the exception.
  if (IsAscii(std::string_view(out).substr(begin)) && !HasEmptyValue(labels)) {
    return LabelsOutcome::kOk;
  }
  if (AreValidUtf8(labels)) return LabelsOutcome::kOk;
  out.resize(begin);
  return LabelsOutcome::kInvalidUtf8;
}

Status CheckCanonical(std::string_view bytes) {
  if (bytes.size() > kLabelsBytesMax) {
    return Status::Corruption("labels too long: bytes=", bytes.size());
  }
  ByteReader reader(AsBytes(bytes));
  std::vector<LabelRef> labels;
  while (reader.remaining() > 0) {
    const size_t offset = reader.position();
    const LabelRef label{reader.LengthPrefixed(), reader.LengthPrefixed()};
    if (!reader.ok() || label.value.empty()) {
      return Status::Corruption("bad label: offset=", offset);
    }
    labels.push_back(label);
  }
  if (!reader.ok()) return Status::Corruption("bad label: offset=", reader.position());
  // Writing the labels again finds everything else: order, duplicates, UTF-8, overlong lengths.
  std::string again;
  if (AppendCanonical(labels, again) != LabelsOutcome::kOk || again != bytes) {
    return Status::Corruption("labels are not in canonical form: bytes=", bytes.size());
  }
  return Status::Ok();
}

}  // namespace luma
