// Which conditions a store honours on puts. Some answer 200 to all of them, some want the version
// bare and refuse it in quotes, so it is tried out.
#pragma once

#include <string>

#include "io/s3/s3_client.h"

namespace luma::io {

enum class IfMatchForm : uint8_t { kIgnored, kBare, kQuoted };

struct S3Conditions {
  bool honours_if_none_match = false;
  IfMatchForm if_match = IfMatchForm::kIgnored;
};

// Puts an object "<probe_prefix>luma-probe-<random>" under conditions that hold and that do not,
// and removes it; begins again, a few times, when an answer was lost on the way. Errors: those of
// S3Client; then nothing is known.
Result<S3Conditions> ProbeConditions(S3Client& client);

// A version is an ETag without its quotes.
std::string VersionOfEtag(std::string_view etag);
NameValue IfMatch(IfMatchForm form, const std::string& version);
NameValue IfNoneMatch();

}  // namespace luma::io
