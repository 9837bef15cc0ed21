#include "server/backup_destination.h"

#include <utility>

#include "io/prefixed_object_store.h"
#include "server/cold_store.h"

namespace luma::server {

Result<std::unique_ptr<io::ObjectStore>> OpenBackupDestination(const Config& config,
                                                               const std::string& place,
                                                               io::FileSystem& fs,
                                                               const Clock& clock) {
  if (place.empty()) return Status::InvalidArgument("no backup destination is named");
  Config of_place = config;
  of_place.cold.store = place;
  LUMA_ASSIGN_OR_RETURN(storage::ColdTierOptions opened, OpenColdStore(of_place, fs, clock));
  return std::unique_ptr<io::ObjectStore>(std::make_unique<io::PrefixedObjectStore>(
      std::move(opened.store), std::move(opened.key_prefix)));
}

}  // namespace luma::server
