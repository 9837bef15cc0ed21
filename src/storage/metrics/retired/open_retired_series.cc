#include "storage/metrics/retired/open_retired_series.h"

#include "base/log.h"
#include "storage/backup/backup_source.h"

namespace luma::storage {
namespace {

DatabaseStart StartOf(MultiTierStorage& engine) {
  BackupSource& source = engine.backup_source();
  return {.uuid = source.uuid(), .epoch = source.epoch(), .keep_epoch = [&source] {
            return source.KeepEpoch();
          }};
}

}  // namespace

Result<std::unique_ptr<RetiredSeries>> OpenRetiredSeries(const RetirementOptions& options,
                                                         MultiTierStorage& engine) {
  if (options.fs == nullptr) return std::make_unique<RetiredSeries>();
  return RetiredSeries::Open(*options.fs, options.directory, engine.budget(), StartOf(engine));
}

void RenewSeriesList(io::FileSystem& fs, const io::Path& directory, MultiTierStorage& engine) {
  const Status renewed = RetiredSeries::RenewList(fs, directory, StartOf(engine));
  const bool is_none = renewed.code() == StatusCode::kNotFound;
  if (renewed.ok() || is_none) return;
  LUMA_LOG(kWarn, "storage", "series partitions will be made anew: directory={} error={}",
           directory, renewed.message());
}

}  // namespace luma::storage
