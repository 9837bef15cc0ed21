#include "io/s3/s3_object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "io/s3/curl_transport.h"
#include "io/s3/s3_upload.h"
#include "io/s3/s3_xml.h"

namespace luma::io {
namespace {

constexpr uint64_t kListPageBytesMax = 16 << 20;  // 1,000 keys of 1 KiB, escaped
constexpr uint64_t kPartsMax = 10'000;

Status NoObject(const std::string& key) { return Status::NotFound("no such object: key=", key); }

Status UnexpectedAnswer(const std::string& key, const HttpResponse& response) {
  return Status::IoError("unexpected answer of the object store: key=", key,
                         " status=", response.status);
}

Status CheckDone(const std::string& key, const HttpResponse& response) {
  return response.status / 100 == 2 ? Status::Ok() : UnexpectedAnswer(key, response);
}

// "bytes 5-9/100": the first byte and the size of the object.
struct ContentRange {
  uint64_t begin = 0;
  uint64_t object_bytes = 0;
};
std::optional<ContentRange> ParseContentRange(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data() + kUnit.size(), end, range.begin);
  const auto size = std::from_chars(text.data() + slash + 1, end, range.object_bytes);
  const bool is_right = first.ec == std::errc() && first.ptr != end && *first.ptr == '-' &&
                        size.ec == std::errc() && size.ptr == end;
  return is_right ? std::optional(range) : std::nullopt;
}

// Whether a 2xx answer to a range request holds that range.
Status CheckRangeAnswer(const std::string& key, uint64_t offset, uint64_t length,
                        const HttpResponse& response) {
  const auto range = ParseContentRange(response.content_range);
  if (response.status == 206 && range && range->begin == offset) {
    LUMA_RETURN_IF_ERROR(CheckObjectRange(key, offset, length, range->object_bytes));
    if (response.body.size() == length) return Status::Ok();
  }
  // The whole object, which happens to be what was asked for.
  if (response.status == 200 && offset == 0 && response.body.size() == length) return Status::Ok();
  return Status::IoError("object store answered another range than was asked for: key=", key,
                         " offset=", offset, " length=", length, " status=", response.status,
                         " bytes=", response.body.size());
}

}  // namespace

Result<std::unique_ptr<S3ObjectStore>> S3ObjectStore::Open(S3Options options, const Clock& clock) {
  auto transport = std::make_unique<CurlTransport>(options.ca_file);
  return Open(std::move(options), clock, std::move(transport));
}

Result<std::unique_ptr<S3ObjectStore>> S3ObjectStore::Open(
    S3Options options, const Clock& clock, std::unique_ptr<HttpTransport> transport) {
  LUMA_ASSIGN_OR_RETURN(auto client,
                        S3Client::Create(std::move(options), std::move(transport), clock));
  return std::unique_ptr<S3ObjectStore>(new S3ObjectStore(std::move(client)));
}

Status S3ObjectStore::Put(const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                        client_->Send({.method = "PUT", .key = key, .body = bytes}));
  return CheckDone(key, answer.http);
}

Result<ObjectDigest> S3ObjectStore::PutFile(const std::string& key, FileSystem& fs,
                                            const Path& path) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > client_->options().part_bytes) return PutParts(key, *file, size);
  Bytes bytes(size);
  LUMA_RETURN_IF_ERROR(file->ReadAt(0, bytes));
  LUMA_RETURN_IF_ERROR(Put(key, bytes));
  return ObjectDigest{.size_bytes = size, .crc32c = Crc32c(bytes)};
}

Result<ObjectDigest> S3ObjectStore::PutParts(const std::string& key, const RandomAccessFile& file,
                                             uint64_t size) {
  const uint64_t part_bytes =
      std::max(client_->options().part_bytes, (size + kPartsMax - 1) / kPartsMax);
  ObjectDigest digest{.size_bytes = size};
  LUMA_ASSIGN_OR_RETURN(S3Upload upload, S3Upload::Begin(*client_, key));
  const auto send = [&]() -> Status {
    Bytes part;
    for (uint64_t offset = 0; offset < size; offset += part.size()) {
      part.resize(std::min(part_bytes, size - offset));
      LUMA_RETURN_IF_ERROR(file.ReadAt(offset, part));
      LUMA_RETURN_IF_ERROR(upload.AddPart(part));
      digest.crc32c = Crc32c(part, digest.crc32c);
    }
    return upload.Complete();
  };
  const Status sent = send();
  if (sent.ok()) return digest;
  upload.Abort();
  return sent;
}

Result<S3Conditions> S3ObjectStore::Conditions() {
  MutexLock lock(probe_mutex_);
  if (!conditions_) {
    LUMA_ASSIGN_OR_RETURN(conditions_, ProbeConditions(*client_));
  }
  return *conditions_;
}

Status S3ObjectStore::PutIfAbsent(const std::string& key, ByteSpan bytes) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const S3Conditions conditions, Conditions());
  if (!conditions.honours_if_none_match) {
    return Status::Unsupported("object store ignores If-None-Match: bucket=",
                               client_->options().bucket);
  }
  LUMA_ASSIGN_OR_RETURN(
      const S3Answer answer,
      client_->Send({.method = "PUT", .key = key, .headers = {IfNoneMatch()}, .body = bytes}));
  if (answer.http.status != 412) return CheckDone(key, answer.http);
  if (answer.earlier_try_unclear) return VersionIfOurs(key, bytes).status();
  return Status::AlreadyExists("object exists: key=", key);
}

Result<ObjectVersion> S3ObjectStore::Replace(const std::string& key, ByteSpan bytes,
                                             const ObjectVersion& expected) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const S3Conditions conditions, Conditions());
  if (conditions.if_match == IfMatchForm::kIgnored) {
    return Status::Unsupported("object store ignores If-Match: bucket=", client_->options().bucket);
  }
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                        client_->Send({.method = "PUT",
                                       .key = key,
                                       .headers = {IfMatch(conditions.if_match, expected)},
                                       .body = bytes}));
  if (answer.http.status == 412 || answer.http.status == 404) {
    if (answer.earlier_try_unclear) return VersionIfOurs(key, bytes);
    return Status::Conflict("object has another version: key=", key, " expected=", expected);
  }
  LUMA_RETURN_IF_ERROR(CheckDone(key, answer.http));
  return VersionOfEtag(answer.http.etag);
}

Result<ObjectVersion> S3ObjectStore::VersionIfOurs(const std::string& key, ByteSpan bytes) {
  const Result<VersionedBytes> content = GetVersioned(key);
  if (content.ok() && std::ranges::equal(content->bytes, bytes)) return content->version;
  if (!content.ok() && content.status().code() != StatusCode::kNotFound) return content.status();
  return Status::Unavailable("object was put or not, the answer was lost: key=", key);
}

Result<VersionedBytes> S3ObjectStore::GetVersioned(const std::string& key) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(
      S3Answer answer,
      client_->Send({.method = "GET", .key = key, .response_bytes_max = kS3GetBytesMax}));
  if (answer.http.status == 404) return NoObject(key);
  // Without a length, an answer that was cut looks whole.
  if (answer.http.status != 200 || answer.http.content_length != answer.http.body.size()) {
    return UnexpectedAnswer(key, answer.http);
  }
  return VersionedBytes{std::move(answer.http.body), VersionOfEtag(answer.http.etag)};
}

Result<Bytes> S3ObjectStore::GetRange(const std::string& key, uint64_t offset, uint64_t length) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  if (length == 0 || offset > UINT64_MAX - length) {
    LUMA_ASSIGN_OR_RETURN(const ObjectInfo info, Head(key));
    LUMA_RETURN_IF_ERROR(CheckObjectRange(key, offset, length, info.size_bytes));
    return Bytes();
  }
  const std::string range = fmt::format("bytes={}-{}", offset, offset + length - 1);
  LUMA_ASSIGN_OR_RETURN(S3Answer answer, client_->Send({.method = "GET",
                                                        .key = key,
                                                        .headers = {{"Range", range}},
                                                        .response_bytes_max = length}));
  if (answer.http.status == 404) return NoObject(key);
  if (answer.http.status == 416) {
    return Status::OutOfRange("range past the end of the object: key=", key, " offset=", offset,
                              " length=", length);
  }
  LUMA_RETURN_IF_ERROR(CheckRangeAnswer(key, offset, length, answer.http));
  return std::move(answer.http.body);
}

Result<ObjectInfo> S3ObjectStore::Head(const std::string& key) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer, client_->Send({.method = "HEAD", .key = key}));
  if (answer.http.status == 404) return NoObject(key);
  if (answer.http.status != 200 || !answer.http.content_length) {
    return UnexpectedAnswer(key, answer.http);
  }
  return ObjectInfo{key, *answer.http.content_length};
}

Result<std::vector<ObjectInfo>> S3ObjectStore::List(const std::string& prefix) {
  std::vector<ObjectInfo> objects;
  std::string token;
  while (true) {
    std::vector<NameValue> query = {{"list-type", "2"}, {"prefix", prefix}};
    if (!token.empty()) query.emplace_back("continuation-token", token);
    LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                          client_->Send({.method = "GET",
                                         .key = "",
                                         .query = std::move(query),
                                         .response_bytes_max = kListPageBytesMax}));
    LUMA_RETURN_IF_ERROR(CheckDone(prefix, answer.http));
    LUMA_ASSIGN_OR_RETURN(S3ListPage page, ParseListPage(AsText(answer.http.body)));
    std::ranges::copy_if(page.objects, std::back_inserter(objects), [&](const ObjectInfo& object) {
      return CheckObjectKey(object.key).ok() && object.key.starts_with(prefix);
    });
    if (page.continuation_token.empty()) break;
    if (page.continuation_token == token) {  // it would go on for ever
      return Status::Corruption("object store repeats a page of its list: prefix=", prefix);
    }
    token = std::move(page.continuation_token);
  }
  std::ranges::sort(objects, {}, &ObjectInfo::key);
  return objects;
}

Status S3ObjectStore::Delete(const std::string& key) {
  LUMA_RETURN_IF_ERROR(CheckObjectKey(key));
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer, client_->Send({.method = "DELETE", .key = key}));
  return answer.http.status == 404 ? Status::Ok() : CheckDone(key, answer.http);
}

Result<std::vector<S3PendingUpload>> S3ObjectStore::ListUploads(const std::string& prefix) {
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                        client_->Send({.method = "GET",
                                       .key = "",
                                       .query = {{"uploads", ""}, {"prefix", prefix}},
                                       .response_bytes_max = kListPageBytesMax}));
  LUMA_RETURN_IF_ERROR(CheckDone(prefix, answer.http));
  LUMA_ASSIGN_OR_RETURN(auto uploads, ParseUploads(AsText(answer.http.body)));
  std::erase_if(uploads, [&](const auto& upload) { return !upload.key.starts_with(prefix); });
  return uploads;
}

// The first page again and again, as what was on it is gone then.
Result<uint64_t> S3ObjectStore::RemoveLeftovers(const std::string& prefix) {
  uint64_t removed = 0;
  std::set<std::string> seen;
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const auto uploads, ListUploads(prefix));
    if (uploads.empty()) return removed;
    for (const S3PendingUpload& upload : uploads) {
      if (!seen.insert(upload.id).second) {  // it would go on for ever
        return Status::IoError("object store keeps an upload that was aborted: key=", upload.key);
      }
      LUMA_ASSIGN_OR_RETURN(
          const S3Answer answer,
          client_->Send(
              {.method = "DELETE", .key = upload.key, .query = {{"uploadId", upload.id}}}));
      if (answer.http.status != 404) LUMA_RETURN_IF_ERROR(CheckDone(upload.key, answer.http));
      ++removed;
    }
  }
}

}  // namespace luma::io
