// What an S3ObjectStore needs to know.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "io/object_store.h"

namespace luma::io {

// Never printed, logged or put into an error.
struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // of temporary credentials; else empty
};

struct S3Options {
  std::string bucket;
  // "https://host[:port]" or "http://..."; empty: AWS in `region`.
  std::string endpoint = {};
  std::string region = "us-east-1";
  // The bucket is in the path of requests; otherwise it is the first part of the host name.
  bool path_style = true;
  std::string ca_file = {};  // PEM; empty: the system's certificates
  S3Credentials credentials = {};
  // Folder, ending in '/' unless empty, for the object that conditional puts are tried on once.
  std::string probe_prefix = {};

  // One request, repeats included; a file takes one request for each part.
  std::chrono::milliseconds request_timeout{60'000};
  // Before the first repeat; doubles up to kRetryDelayMax, and half of it is random.
  std::chrono::milliseconds retry_delay{50};
  // Files above this go up in parts of this size (S3: at least 5 MiB), at most 10,000 of them, so
  // larger ones for files above 80 GB.
  uint64_t part_bytes = kTransferBytes;
};

}  // namespace luma::io
