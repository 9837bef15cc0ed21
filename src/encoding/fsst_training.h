// Finds the symbols that suit a column of strings: Boncz, Neumann and Leis, VLDB 2020, section 4.3.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/column.h"
#include "encoding/fsst_symbols.h"

namespace luma::encoding {

// About 16 KiB of pieces of the strings, spread over all of them. They refer to the strings' bytes:
// of `strings` itself where those lie inside the references.
std::vector<std::string_view> SampleStrings(std::span<const StringRef> strings);

// A table made for the pieces; its symbols are in the order of their lengths, as the format has
// them. Takes about a millisecond.
SymbolTable TrainSymbols(std::span<const std::string_view> pieces);

}  // namespace luma::encoding
