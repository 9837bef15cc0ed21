// Label sets: sorted (name, value) pairs in one buffer of canonical bytes (docs/formats/labels.md).
// Equal sets have equal bytes, so interning hashes and compares bytes and never parses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace luma {

// Given by storage when it first sees a label set; never reused.
enum class SeriesId : uint64_t {};
inline constexpr SeriesId kUnknownSeries{0};

inline constexpr std::string_view kMetricNameLabel = "__name__";
constexpr size_t kLabelTextBytesMax = 65535;   // one name or one value
constexpr size_t kLabelsBytesMax = 128 << 10;  // canonical bytes of one set

struct LabelRef {
  std::string_view name;
  std::string_view value;
  bool operator==(const LabelRef&) const = default;
};

// A label set somebody else owns, read straight from its canonical bytes. Copy it freely; it is
// valid as long as those bytes are. Threads: any.
class LabelsView {
 public:
  class Iterator {
   public:
    using value_type = LabelRef;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(std::string_view rest) : rest_(rest) { Read(); }
    const LabelRef& operator*() const { return label_; }
    const LabelRef* operator->() const { return &label_; }
    Iterator& operator++() {
      Read();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      Read();
      return before;
    }
    bool operator==(const Iterator& other) const {
      return label_.name.data() == other.label_.name.data();
    }

   private:
    void Read();

    std::string_view rest_;
    LabelRef label_;  // a null name marks the end
  };

  LabelsView() = default;
  // `canonical` must come from AppendCanonical or have passed CheckCanonical.
  explicit LabelsView(std::string_view canonical) : canonical_(canonical) {}

  Iterator begin() const { return Iterator(canonical_); }
  Iterator end() const { return Iterator(); }
  bool empty() const { return canonical_.empty(); }
  // The value of `name`, "" when it is absent: the two are the same thing.
  std::string_view Get(std::string_view name) const;
  std::string_view metric_name() const { return Get(kMetricNameLabel); }
  std::string_view canonical() const { return canonical_; }
  // By which the set is found: HashWireLabels() of its fields in remote write, sorted by name.
  Hash128 Hash() const;
  // PromQL notation: up{job="node"}. For messages and logs.
  std::string ToString() const;

  bool operator==(const LabelsView& other) const { return canonical_ == other.canonical_; }

 private:
  std::string_view canonical_;
};

// Field 1 of remote write's message TimeSeries, which holds one label (docs/formats/labels.md).
inline constexpr char kWireLabelTag = 0x0a;

// The hash of the label fields that a sender wrote, one after another and nothing else. Equal to
// Hash() of a set only if the fields are that set, valid, sorted by name and without empty values:
// who finds a series by it need not look into them.
inline Hash128 HashWireLabels(std::string_view fields) { return HashBytes128(AsBytes(fields)); }

// Writes the field that holds the label and gives its end: at most kWireLabelBytesMore bytes more
// than name and value, which are at most kLabelTextBytesMax each.
inline constexpr size_t kWireLabelBytesMore = 12;
char* WriteWireLabel(const LabelRef& label, char* to);

// Prometheus' order of series: pairs compared one after another, name before value. <0, 0, >0.
int CompareLabels(LabelsView a, LabelsView b);

// An owned label set. Thread-compatible.
class Labels {
 public:
  Labels() = default;
  explicit Labels(LabelsView view) : canonical_(view.canonical()) {}
  // Any order; labels with an empty value are left out. Errors: as AppendCanonical,
  // kInvalidArgument.
  static Result<Labels> Of(std::vector<LabelRef> labels);
  // Checks bytes from disk or network. Errors: kCorruption.
  static Result<Labels> FromCanonical(std::string_view bytes);

  LabelsView view() const { return LabelsView(canonical_); }
  operator LabelsView() const { return view(); }  // NOLINT(google-explicit-constructor)
  LabelsView::Iterator begin() const { return view().begin(); }
  LabelsView::Iterator end() const { return view().end(); }
  bool empty() const { return canonical_.empty(); }
  std::string_view Get(std::string_view name) const { return view().Get(name); }
  std::string_view metric_name() const { return view().metric_name(); }
  std::string_view canonical() const { return canonical_; }
  Hash128 Hash() const { return view().Hash(); }
  std::string ToString() const { return view().ToString(); }

  bool operator==(const Labels& other) const = default;

 private:
  std::string canonical_;
};

// Why a label set cannot name a series.
enum class LabelsOutcome : uint8_t {
  kOk,
  kEmptyName,
  kDuplicateName,
  kInvalidUtf8,
  kTooLong,  // over kLabelTextBytesMax or kLabelsBytesMax
};
std::string_view LabelsOutcomeText(LabelsOutcome outcome);  // "duplicate label name"

// Appends the canonical bytes of `labels` to `out`; on anything but kOk `out` is unchanged. Sorts
// `labels` in place when they come unsorted. Allocates only when `out` grows.
LabelsOutcome AppendCanonical(std::span<LabelRef> labels, std::string& out);

// OK when `bytes` are exactly what AppendCanonical writes. Errors: kCorruption with the offset.
Status CheckCanonical(std::string_view bytes);

}  // namespace luma
