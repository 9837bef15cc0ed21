// What every format of a page of metrics is read as.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/labels.h"
#include "model/metrics_source.h"
#include "prom/wire_histogram.h"

namespace luma::prom {

struct PageSample {
  // Bytes that tell the series from the others of the page and are the same on the next page: who
  // has met them before need not ask for the labels.
  std::string_view series;
  double value = 0;
  std::optional<UnixMillis> timestamp;
  WireHistogram* histogram = nullptr;  // null: a float; its own timestamp is not set
};

// Labels are in the text that `labels` has as name="value" pairs, still to be read.
struct PageExemplar {
  std::vector<LabelRef> labels;
  double value = 0;
  std::optional<UnixMillis> timestamp;
};

// A family of classic histograms; without a name there is none.
struct ClassicFamily {
  std::string_view name = {};
  bool is_gauge = false;
};

// Some bytes of a page can be a part of a metric, which is a series with all labels of that. Of
// series whose labels are read or stored: four times what a request may push, since a page may be
// larger. A batch has offsets of 32 bits.
constexpr uint64_t kLabelBytesPerPageMax = 1 << 30;
inline Status TooLongLabels() {
  return Status::TooLarge("labels of one page are too long: bytes_max=", kLabelBytesPerPageMax);
}

// Yields the samples of a page one after another; nothing is allocated per sample. Everything
// handed out is valid until the next Next(). Thread-compatible. Lifetime: the page outlives it.
class PageParser {
 public:
  virtual ~PageParser() = default;
  PageParser() = default;
  PageParser(const PageParser&) = delete;
  PageParser& operator=(const PageParser&) = delete;

  // False at the end and after an error, which status() then holds.
  virtual bool Next() = 0;
  // The labels of the sample, __name__ among them, in the order written. False on an error.
  virtual bool ReadLabels(std::vector<LabelRef>& labels) = 0;
  // Those of the sample. Empty where a format has none.
  virtual std::span<PageExemplar> exemplars() { return {}; }
  // The one that the sample may be a series of, by what the page says of types.
  virtual ClassicFamily classic_family() const { return {}; }
  // What a page that is not text tells about its metrics: their "# TYPE", "# HELP" and "# UNIT"
  // lines, as a page of text would have them, as far as there is memory for them. nullopt: the page
  // is text.
  virtual std::optional<std::string> MetadataLines(ResultMemory& memory) const {
    static_cast<void>(memory);
    return std::nullopt;
  }

  const PageSample& sample() const { return sample_; }
  // Where the sample is, from 1; 0 in formats without lines.
  size_t line_number() const { return line_number_; }
  // Errors: kInvalidArgument naming the line or the metric.
  const Status& status() const { return status_; }

 protected:
  PageSample sample_;
  size_t line_number_ = 0;
  Status status_;
};

struct PageFormatOptions {
  std::string fallback_media_type = {};  // of a page whose type is missing or unknown
  bool native_histograms = false;        // else only their classic form is read
  bool classic_histograms = false;       // also of those that have a native form, or get one:
  bool custom_buckets = false;           // classic histograms become native ones
};

// The parser for a page of this Content-Type. Errors: kInvalidArgument in Prometheus' words when
// there is none.
Result<std::unique_ptr<PageParser>> MakePageParser(std::string_view content_type,
                                                   std::string_view page,
                                                   const PageFormatOptions& options);

}  // namespace luma::prom
