#include "sql/instance_host.h"

#include "base/log.h"
#include "sql/duckdb_instance.h"

namespace luma::sql {

Result<std::unique_ptr<InstanceHost>> InstanceHost::Open(DatabaseOptions options,
                                                         storage::MultiTierStorage& engine) {
  LUMA_ASSIGN_OR_RETURN(auto instance, OpenInstance(options, engine));
  return std::unique_ptr<InstanceHost>(
      new InstanceHost(std::move(options), engine, std::move(instance)));
}

std::shared_ptr<duckdb::DuckDB> InstanceHost::Current() {
  MutexLock lock(mutex_);
  return instance_;
}

Status InstanceHost::Replace(const std::shared_ptr<duckdb::DuckDB>& broken) {
  MutexLock lock(mutex_);
  if (instance_ != broken) return Status::Ok();
  LUMA_LOG(kError, "sql", "DuckDB has invalidated itself: opening a new instance");
  LUMA_ASSIGN_OR_RETURN(instance_, OpenInstance(options_, engine_));
  return Status::Ok();
}

}  // namespace luma::sql
