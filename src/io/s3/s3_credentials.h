// Where credentials of S3 come from.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"
#include "io/s3/s3_options.h"

namespace luma::io {

// The value of an environment variable; empty when it is not set.
using Environment = std::function<std::string(const std::string& name)>;
Environment ProcessEnvironment();

// From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or else from the profile
// AWS_PROFILE (default: "default") of the file AWS_SHARED_CREDENTIALS_FILE (default:
// $HOME/.aws/credentials). Errors: kNotFound says where it looked; kInvalidArgument for a profile
// without keys. No message holds a value that was read.
Result<S3Credentials> FindS3Credentials(const Environment& environment, FileSystem& fs);

// The keys of one "[profile]" of a credentials file. Errors: as above, without the file's name.
Result<S3Credentials> ParseS3Credentials(std::string_view text, std::string_view profile);

}  // namespace luma::io
