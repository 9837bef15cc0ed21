// An open cold file.
#pragma once

#include <memory>

#include "sql/parquet/parquet_instance.h"
#include "storage/cold/cold_format.h"

namespace luma::sql {

// See storage::ColdFormat::Open. Bytes that were changed after the file was written are found by
// their checksums before DuckDB sees them.
Result<std::shared_ptr<const storage::ColdFile>> OpenParquetFile(
    std::shared_ptr<ParquetInstance> instance, std::shared_ptr<const storage::ColdBytes> bytes,
    uint32_t row_count);

}  // namespace luma::sql
