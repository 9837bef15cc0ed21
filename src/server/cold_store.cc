#include "server/cold_store.h"

#include <utility>
#include <variant>

#include "io/local_object_store.h"
#include "server/cold_location.h"

namespace luma::server {

Result<storage::ColdTierOptions> OpenColdStore(const Config& config, io::FileSystem& fs,
                                               const Clock&) {
  LUMA_ASSIGN_OR_RETURN(const ColdLocation location, ParseColdLocation(config.cold.store));
  storage::ColdTierOptions options{.cache_bytes_max = config.cold.cache_size.bytes};
  if (config.cold.warm_bytes_max.bytes > 0) {
    options.warm_bytes_max = config.cold.warm_bytes_max.bytes;
  }
  if (const auto* directory = std::get_if<ColdDirectory>(&location)) {
    LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory->path));
    options.store = std::make_shared<io::LocalObjectStore>(fs, directory->path);
  } else if (std::holds_alternative<ColdBucket>(location)) {
    return Status::Unsupported("s3 is not part of this build: store=", config.cold.store);
  }
  return options;
}

}  // namespace luma::server
