#include "server/cold_store.h"

#include <utility>
#include <variant>

#include "base/log.h"
#include "io/local_object_store.h"
#include "io/s3/s3_credentials.h"
#include "io/s3/s3_object_store.h"
#include "server/cold_location.h"

namespace luma::server {
namespace {

Result<io::S3Credentials> CredentialsOf(const Config& config, io::FileSystem& fs) {
  if (config.cold.access_key.empty()) return io::FindS3Credentials(io::ProcessEnvironment(), fs);
  return io::S3Credentials{.access_key = config.cold.access_key,
                           .secret_key = config.cold.secret_key};
}

// Data to another machine without TLS can be read and changed on the way.
void WarnOfClearText(const std::string& endpoint) {
  constexpr std::string_view kScheme = "http://";
  if (!endpoint.starts_with(kScheme) || IsLoopback(endpoint.substr(kScheme.size()))) return;
  LUMA_LOG(kWarn, "server", "cold data crosses the network unprotected: endpoint={}", endpoint);
}

Result<std::shared_ptr<io::ObjectStore>> OpenBucket(const Config& config, const ColdBucket& bucket,
                                                    io::FileSystem& fs, const Clock& clock) {
  LUMA_ASSIGN_OR_RETURN(io::S3Credentials credentials, CredentialsOf(config, fs));
  WarnOfClearText(config.cold.endpoint);
  LUMA_ASSIGN_OR_RETURN(auto store,
                        io::S3ObjectStore::Open({.bucket = bucket.bucket,
                                                 .endpoint = config.cold.endpoint,
                                                 .region = config.cold.region,
                                                 .path_style = config.cold.path_style,
                                                 .ca_file = config.cold.ca_file,
                                                 .credentials = std::move(credentials),
                                                 .probe_prefix = bucket.key_prefix,
                                                 .request_timeout = config.cold.request_timeout},
                                                clock));
  return std::shared_ptr<io::ObjectStore>(std::move(store));
}

}  // namespace

Result<storage::ColdTierOptions> OpenColdStore(const Config& config, io::FileSystem& fs,
                                               const Clock& clock) {
  LUMA_ASSIGN_OR_RETURN(const ColdLocation location, ParseColdLocation(config.cold.store));
  storage::ColdTierOptions options{.cache_bytes_max = config.cold.cache_size.bytes};
  if (config.cold.warm_bytes_max.bytes > 0) {
    options.warm_bytes_max = config.cold.warm_bytes_max.bytes;
  }
  if (const auto* directory = std::get_if<ColdDirectory>(&location)) {
    LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory->path));
    options.store = std::make_shared<io::LocalObjectStore>(fs, directory->path);
  } else if (const auto* bucket = std::get_if<ColdBucket>(&location)) {
    LUMA_ASSIGN_OR_RETURN(options.store, OpenBucket(config, *bucket, fs, clock));
    options.key_prefix = bucket->key_prefix;
  }
  return options;
}

}  // namespace luma::server
