// Any bytes as an answer of an object store give a result or an error, and never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "io/s3/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  const auto page = luma::io::ParseListPage(xml);
  const auto upload_id = luma::io::ParseUploadId(xml);
  const luma::io::S3Error error = luma::io::ParseS3Error(xml);
  const auto uploads = luma::io::ParseUploads(xml);
  if (page.ok() + upload_id.ok() + uploads.ok() > 1) std::abort();  // no text is two of them
  if (error.message.size() > 200) std::abort();
  return 0;
}
