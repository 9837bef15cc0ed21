// The texts of a remote write 2.0 request, which its other parts name by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/labels.h"

namespace luma::prom {

// A text of no bytes is two bytes of a message and 16 here.
constexpr size_t kSymbolsPerRequestMax = 1'000'000;

// Thread-compatible; keeps its memory from request to request. Lifetime: the message outlives what
// is read of it.
class SymbolTable {
 public:
  // Reads the symbols of the message Request. Errors: kInvalidArgument for bytes that are no such
  // message and for one of version 1.0, whose fields are reserved here; kTooLarge above
  // kSymbolsPerRequestMax.
  Status Read(std::string_view message);

  bool Has(uint64_t symbol) const { return symbol < symbols_.size(); }
  std::string_view operator[](uint64_t symbol) const { return symbols_[symbol]; }

  // Turns references, a name and a value in turn, into labels. Errors: kInvalidArgument for an odd
  // number of them and for one that is no symbol's; then `labels` has some of the labels.
  Status LabelsOf(std::span<const uint64_t> references, std::vector<LabelRef>& labels) const;

  size_t allocated_bytes() const { return symbols_.capacity() * sizeof(std::string_view); }

 private:
  std::vector<std::string_view> symbols_;
};

}  // namespace luma::prom
