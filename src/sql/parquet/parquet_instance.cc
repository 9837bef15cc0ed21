#include "sql/parquet/parquet_instance.h"

#include "sql/duckdb_boundary.h"
#include "sql/duckdb_instance.h"
#include "sql/sql_memory.h"

namespace luma::sql {
namespace {

void Configure(uint64_t memory_limit_bytes, duckdb::DBConfig& config) {
  config.options.maximum_memory = memory_limit_bytes;
  config.options.maximum_threads = 1;
  config.options.use_temporary_directory = false;
  config.options.autoload_known_extensions = false;
  config.options.autoinstall_known_extensions = false;
  // The engine has caches of its own.
  config.options.enable_external_file_cache = false;
}

}  // namespace

Result<std::shared_ptr<ParquetInstance>> ParquetInstance::Open(uint64_t memory_limit_bytes) {
  LUMA_RETURN_IF_ERROR(CheckDuckDbVersion());
  return CallDuckDb([&] {
    SqlMemory::Install();
    SqlMemory::SetLimitToAtLeast(memory_limit_bytes);
    duckdb::DBConfig config;
    config.allocator = SqlMemory::MakeAllocator();
    Configure(memory_limit_bytes, config);
    auto instance = std::make_shared<ParquetInstance>();
    instance->database_ = std::make_unique<duckdb::DuckDB>(nullptr, &config);
    auto files = duckdb::make_uniq<MemoryFiles>();
    instance->files_ = files.get();
    instance->database_->GetFileSystem().RegisterSubSystem(std::move(files));
    return instance;
  });
}

}  // namespace luma::sql
