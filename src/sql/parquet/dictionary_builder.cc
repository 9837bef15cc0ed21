#include "sql/parquet/dictionary_builder.h"

#include "sql/parquet/block_builder.h"

namespace luma::sql {

using duckdb::DictionaryVector;

void DictionaryBuilder::Append(duckdb::Vector& values, duckdb::idx_t count) {
  if (count > row_count_ - appended_) throw duckdb::IOException("more rows than expected");
  if (!CanTake(values)) throw duckdb::IOException("a row group with half a dictionary");
  KeepDictionary(values);
  const duckdb::SelectionVector& selection = DictionaryVector::SelVector(values);
  auto* codes = codes_.As<uint32_t>() + appended_;
  for (duckdb::idx_t i = 0; i < count; ++i) {
    codes[i] = static_cast<uint32_t>(selection.get_index(i));
    if (codes[i] >= dictionary_size_) throw duckdb::IOException("a code without a value");
  }
  appended_ += static_cast<uint32_t>(count);
}

void DictionaryBuilder::KeepDictionary(duckdb::Vector& values) {
  duckdb::Vector& dictionary = DictionaryVector::Child(values);
  if (dictionary_ == nullptr) {
    const auto size = DictionaryVector::DictionarySize(values);
    if (!size.IsValid()) throw duckdb::IOException("a dictionary without a size");
    dictionary_ = std::make_unique<duckdb::Vector>(dictionary);
    dictionary_size_ = size.GetIndex();
  }
  if (duckdb::FlatVector::GetData(dictionary) != duckdb::FlatVector::GetData(*dictionary_)) {
    throw duckdb::IOException("a row group with more than one dictionary");
  }
}

storage::DecodedBlockPtr DictionaryBuilder::Finish() {
  if (appended_ != row_count_) throw duckdb::IOException("fewer rows than expected");
  BlockBuilder values(type_, static_cast<uint32_t>(dictionary_size_));
  duckdb::Vector strings(type_);
  strings.Reinterpret(*dictionary_);
  values.Append(strings, dictionary_size_);
  return values.FinishAsDictionary(std::move(codes_), row_count_);
}

}  // namespace luma::sql
