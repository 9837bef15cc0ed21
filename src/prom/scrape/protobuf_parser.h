// Reads pages in protobuf: io.prometheus.client.MetricFamily messages, each after its length.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/protobuf_reader.h"
#include "prom/scrape/page_parser.h"
#include "prom/scrape/protobuf_family.h"

namespace luma::prom {

// Summaries and classic histograms come as the series that the text formats write: _sum, _count,
// _bucket{le} and {quantile}. A native histogram is one sample.
class ProtobufParser final : public PageParser {
 public:
  // `native`: native histograms are given as such; `classic`: their classic form, too.
  ProtobufParser(std::string_view page, bool native, bool classic)
      : page_(page), rest_(page), native_(native), classic_(classic) {}

  bool Next() override;
  bool ReadLabels(std::vector<LabelRef>& labels) override;
  std::span<PageExemplar> exemplars() override;
  ClassicFamily classic_family() const override;
  std::optional<std::string> MetadataLines(ResultMemory& memory) const override {
    return FamilyMetadataLines(page_, memory);
  }

 private:
  // One sample of a metric: name + suffix {labels, extra_name="extra_value"}.
  struct Part {
    std::string_view suffix;
    std::string_view extra_name;
    size_t extra_begin = 0;  // its value in extra_values_
    size_t extra_end = 0;
    double value = 0;
    bool is_histogram = false;
    size_t exemplar_begin = 0;
    size_t exemplar_end = 0;
  };
  enum class Type : uint8_t {
    kCounter,
    kGauge,
    kSummary,
    kUntyped,
    kHistogram,
    kGaugeHistogram,
  };

  bool Fail(std::string_view what);
  bool NextFamily();
  bool TakeMetric(std::string_view& metric);
  bool ReadMetric(std::string_view message);
  void StartKey();
  void Emit(const Part& part);
  std::string_view Extra(const Part& part) const;

  void AddPart(std::string_view suffix, double value);
  void AddBoundPart(std::string_view suffix, std::string_view label, double bound, double value);
  bool ReadLabel(std::string_view message);
  bool ReadValue(std::string_view message);
  bool ReadSummary(std::string_view message);
  bool ReadHistogram(std::string_view message);
  bool ReadHistogramFields(std::string_view message);
  bool ReadClassicBuckets(std::string_view message, double count, double sum);
  bool ReadExemplar(std::string_view message);

  const std::string_view page_;
  std::string_view rest_;
  const bool native_;
  const bool classic_;

  std::string_view family_;  // its name
  Type type_ = Type::kUntyped;
  ProtobufReader metrics_{{}};    // what is left of the family
  std::vector<LabelRef> labels_;  // of the metric
  bool is_native_ = false;        // the metric is given as a native histogram
  std::vector<Part> parts_;
  size_t next_part_ = 0;
  std::string extra_values_;
  std::vector<PageExemplar> exemplars_;
  size_t exemplar_count_ = 0;  // of the metric; later entries are memory to reuse
  std::span<PageExemplar> shown_exemplars_;
  WireHistogram histogram_;
  std::string key_;   // of the part, after the hash of what is that of the metric
  std::string name_;  // of the part whose labels were read last
  const Part* part_ = nullptr;
};

}  // namespace luma::prom
