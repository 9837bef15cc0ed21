// Writes JSON text, front to back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/float_histogram.h"
#include "model/labels.h"
#include "model/sample.h"

namespace luma::prom {

// How long the text of a label set is, with a comma after it, and that of a string.
uint64_t LabelSetTextBytes(LabelsView labels);
uint64_t StringTextBytes(std::string_view text);

// Commas come by themselves; what is opened is to be closed. Keys and labels must be valid UTF-8;
// bytes of other texts that are not become U+FFFD, as in Go.
// Thread-compatible.
class JsonWriter {
 public:
  void Reserve(uint64_t bytes) { out_.reserve(out_.size() + bytes); }
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }
  void Key(std::string_view key);
  void String(std::string_view text);
  void Raw(std::string_view json);  // a whole value that is JSON already

  void Time(UnixMillis time);  // 1435781451.781
  void Number(double value);   // "1", in quotes
  // {"__name__":"up","job":"node"}
  void LabelSet(LabelsView labels);
  // [1435781451.781,"1"]
  void Point(UnixMillis time, double value);
  void TextPoint(UnixMillis time, std::string_view text);
  // [1435781451.781,{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}], without empty buckets
  void HistogramPoint(UnixMillis time, const FloatHistogram& histogram);

  std::string Take() { return std::move(out_); }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();
  void Quote(std::string_view text);
  void QuoteAnything(std::string_view text);

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace luma::prom
