// convert_classic_histograms_to_nhcb: classic histograms of a page become native ones.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prom/scrape/collected_histogram.h"
#include "prom/scrape/page_parser.h"

namespace luma::prom {

// Gives the samples of another parser, and, in place of the series of each classic histogram or
// after them, one native histogram with custom buckets. Series belong to one histogram while they
// follow each other and have the same labels but for le. What has a native form on the page is not
// converted. As in Prometheus, a histogram that makes no sense (CollectedHistogram) is left out.
class ConvertingParser final : public PageParser {
 public:
  // `keeps_classic`: the series of what is converted are given, too.
  ConvertingParser(std::unique_ptr<PageParser> page, bool keeps_classic)
      : page_(std::move(page)), keeps_classic_(keeps_classic) {}

  bool Next() override;
  bool ReadLabels(std::vector<LabelRef>& labels) override;
  // Of a converted histogram those of its buckets, as far as they have a time.
  std::span<PageExemplar> exemplars() override;
  std::optional<std::string> MetadataLines(ResultMemory& memory) const override {
    return page_->MetadataLines(memory);
  }

 private:
  // What a series tells of its histogram.
  enum class Part : uint8_t { kNothing, kBucket, kCount, kSum };
  // The name of a histogram and its labels by name, without le.
  struct Key {
    std::string text;          // each name and value, and a byte that no text has
    std::vector<size_t> ends;  // of each, without that byte

    void Clear();
    void Append(std::string_view part);
    void ReadLabels(std::vector<LabelRef>& labels) const;  // they point into it
    bool operator==(const Key&) const = default;
  };

  bool TakeSample();
  bool ReadSeries(std::string_view family);
  Part PartOf(std::string_view suffix);
  void MakeNextKey(std::string_view family);
  bool Collect();
  void KeepExemplar(const PageExemplar& exemplar);
  bool ShowSample();
  bool ShowHistogram();

  const std::unique_ptr<PageParser> page_;
  const bool keeps_classic_;

  // The sample that page_ is at.
  bool is_waiting_ = false;  // it comes after the histogram that is shown
  bool is_classic_ = false;  // a series of a classic histogram: next_key_ tells of which one
  Part part_ = Part::kNothing;
  double bound_ = 0;  // of a bucket
  std::vector<LabelRef> labels_;
  Key next_key_;
  uint64_t label_bytes_ = 0;  // in all keys so far

  // The histogram that is put together.
  bool is_collecting_ = false;
  bool is_gauge_ = false;
  Key key_;
  std::optional<UnixMillis> timestamp_;
  CollectedHistogram collected_;
  std::deque<std::string> exemplar_texts_;  // that exemplars_ point into
  std::vector<PageExemplar> exemplars_;

  bool is_shown_ = false;  // as histogram_, instead of a sample of page_
  WireHistogram histogram_;
};

}  // namespace luma::prom
