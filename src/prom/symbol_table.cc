#include "prom/symbol_table.h"

#include "model/protobuf_reader.h"
#include "prom/write_request.h"

namespace luma::prom {
namespace {

constexpr uint32_t kSymbols = ProtobufReader::Tag(4, ProtobufReader::kBytes);
constexpr uint32_t kVersionOneFields = 3;  // fields up to this are those of version 1.0

}  // namespace

Status SymbolTable::Read(std::string_view message) {
  symbols_.clear();
  ProtobufReader reader(message);
  while (reader.Next()) {
    if ((reader.tag() >> 3) <= kVersionOneFields) {
      return Status::InvalidArgument("message has fields of remote write 1.0: want=",
                                     "io.prometheus.write.v2.Request");
    }
    if (reader.tag() != kSymbols) {
      reader.Skip();
      continue;
    }
    if (symbols_.size() == kSymbolsPerRequestMax) {
      return Status::TooLarge("too many symbols in one request: limit=", kSymbolsPerRequestMax);
    }
    symbols_.push_back(reader.Bytes());
  }
  if (!reader.ok()) return MalformedMessage("Request");
  if (symbols_.empty() || symbols_[0].empty()) return Status::Ok();
  return Status::InvalidArgument("first symbol of a request is not empty");
}

Status SymbolTable::LabelsOf(std::span<const uint64_t> references,
                             std::vector<LabelRef>& labels) const {
  if (references.size() % 2 != 0) {
    return Status::InvalidArgument("odd number of label references: count=", references.size());
  }
  for (size_t i = 0; i < references.size(); i += 2) {
    for (const uint64_t reference : references.subspan(i, 2)) {
      if (!Has(reference)) {
        return Status::InvalidArgument("label reference to no symbol: reference=", reference,
                                       " symbols=", symbols_.size());
      }
    }
    labels.push_back({symbols_[references[i]], symbols_[references[i + 1]]});
  }
  return Status::Ok();
}

}  // namespace luma::prom
