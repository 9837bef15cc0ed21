// The few XML answers of S3, read without an XML library: bounded, no document types, no external
// anything. Pure functions over bytes from outside; every error is kCorruption with an offset.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/object_store.h"

namespace luma::io {

inline constexpr size_t kXmlDepthMax = 8;
inline constexpr size_t kXmlTextBytesMax = 8 << 10;  // of one element: keys have 1 KiB
inline constexpr size_t kXmlNameBytesMax = 64;

// Calls `element` at the end of each element with its path ("ListBucketResult/Contents/Key",
// without namespaces) and the text directly inside it, entities resolved.
using XmlElement = std::function<void(std::string_view path, std::string_view text)>;
Status ReadXml(std::string_view xml, const XmlElement& element);

struct S3ListPage {
  std::vector<ObjectInfo> objects;
  std::string continuation_token;  // empty: the last page
};
Result<S3ListPage> ParseListPage(std::string_view xml);

// UploadId of an InitiateMultipartUploadResult.
Result<std::string> ParseUploadId(std::string_view xml);

// A multipart upload that was begun and not ended.
struct S3PendingUpload {
  std::string key;
  std::string id;
};
// One page of a ListMultipartUploadsResult.
Result<std::vector<S3PendingUpload>> ParseUploads(std::string_view xml);

// What an <Error> says; both empty when the text is none. The message is cut to 200 bytes, without
// control characters: it goes into logs.
struct S3Error {
  std::string code;
  std::string message;
};
S3Error ParseS3Error(std::string_view xml);

// The body that completes a multipart upload; `etags` of parts 1, 2, ... as they were sent.
std::string CompleteUploadXml(const std::vector<std::string>& etags);

}  // namespace luma::io
