#include "sql/parquet_format.h"

#include "sql/duckdb_boundary.h"
#include "sql/parquet/parquet_file.h"
#include "sql/parquet/parquet_file_writer.h"
#include "sql/parquet/parquet_instance.h"

namespace luma::sql {
namespace {

class ParquetFormat final : public storage::ColdFormat {
 public:
  ParquetFormat(io::FileSystem& files, std::shared_ptr<ParquetInstance> instance)
      : files_(files), instance_(std::move(instance)) {}

  std::string_view file_suffix() const override { return ".parquet"; }

  Status Write(const storage::ColdSource& source, const io::Path& path) override {
    LUMA_CHECK(source.run->deleted_count() == 0);
    LUMA_ASSIGN_OR_RETURN(const auto file, files_.Create(path, io::CreateMode::kExclusive));
    Status written = CallDuckDb([&] { ParquetFileWriter(*instance_, source, *file).WriteAll(); });
    if (written.ok()) written = file->Close();
    if (written.ok()) return written;
    (void)files_.Remove(path);  // the error that matters is the first
    return written.WithContext("table " + source.table->name);
  }

  Result<std::shared_ptr<const storage::ColdFile>> Open(
      std::shared_ptr<const storage::ColdBytes> bytes, uint32_t row_count) override {
    return OpenParquetFile(instance_, std::move(bytes), row_count);
  }

 private:
  io::FileSystem& files_;
  const std::shared_ptr<ParquetInstance> instance_;
};

}  // namespace

Result<std::shared_ptr<storage::ColdFormat>> MakeParquetFormat(io::FileSystem& files,
                                                               uint64_t memory_limit_bytes) {
  LUMA_ASSIGN_OR_RETURN(auto instance, ParquetInstance::Open(memory_limit_bytes));
  return std::shared_ptr<storage::ColdFormat>(
      std::make_shared<ParquetFormat>(files, std::move(instance)));
}

}  // namespace luma::sql
