// A multipart upload: parts, then all of them or none become the object.
#pragma once

#include <string>
#include <vector>

#include "io/s3/s3_client.h"

namespace luma::io {

// Threads: one at a time. Ended by Complete or Abort; if by neither, as in a crash, the store keeps
// the parts, which no reader sees, until a rule of the bucket removes them.
class S3Upload {
 public:
  static Result<S3Upload> Begin(S3Client& client, std::string key);

  // Parts but the last have at least 5 MiB, by S3's rules; there are at most 10,000.
  Status AddPart(ByteSpan bytes);
  // Makes the parts the object.
  Status Complete();
  // Removes the parts, as far as the store answers; logs when it does not.
  void Abort();

 private:
  S3Upload(S3Client& client, std::string key, std::string id)
      : client_(&client), key_(std::move(key)), id_(std::move(id)) {}
  // After a completion whose answer was lost, the upload is gone and the object is there.
  Status CheckCompleted();

  S3Client* client_;
  std::string key_;
  std::string id_;
  std::vector<std::string> etags_;
  uint64_t bytes_ = 0;
};

}  // namespace luma::io
