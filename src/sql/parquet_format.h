// The file format of the cold tier: Parquet, written and read by DuckDB's own writer and reader.
// Format: docs/formats/cold_parquet.md.
#pragma once

#include <cstdint>
#include <memory>

#include "io/file_system.h"
#include "storage/cold/cold_format.h"

namespace luma::sql {

// Opens a DuckDB that no client reaches. `memory_limit_bytes`: of all reads and writes at a time,
// which fail beyond it with kOutOfMemory; a row group of wide strings takes tens of megabytes.
// `files`: where Write puts its files; must outlive the format. Open needs none.
// Errors: kInternal when the DuckDB library is not exactly the version of the headers.
Result<std::shared_ptr<storage::ColdFormat>> MakeParquetFormat(io::FileSystem& files,
                                                               uint64_t memory_limit_bytes);

}  // namespace luma::sql
