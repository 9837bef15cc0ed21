#include "io/s3/fake_s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/internal/content_version.h"

namespace luma::io {
namespace {

std::string Decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::map<std::string, std::string> QueryOf(std::string_view url) {
  std::map<std::string, std::string> query;
  std::string_view text = url.substr(std::min(url.find('?'), url.size()));
  while (!text.empty()) {
    text.remove_prefix(1);  // '?' or '&'
    const std::string_view pair = text.substr(0, text.find('&'));
    const size_t equals = pair.find('=');
    query[Decoded(pair.substr(0, equals))] = Decoded(pair.substr(equals + 1));
    text.remove_prefix(pair.size());
  }
  return query;
}

// "http://host/bucket/key?..." -> "key".
std::string KeyOf(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t bucket = url.find('/', url.find("://") + 3);
  const size_t key = url.find('/', bucket + 1);
  return key == std::string_view::npos ? "" : Decoded(url.substr(key + 1));
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  const auto found =
      std::ranges::find(request.headers, name, [](const auto& h) { return h.first; });
  return found == request.headers.end() ? "" : found->second;
}

std::string QuotedEtag(ByteSpan bytes) { return '"' + VersionOfContent(bytes) + '"'; }

HttpResponse Answer(int status, std::string_view body = {}) {
  const ByteSpan bytes = AsBytes(body);
  return {.status = status,
          .body = Bytes(bytes.begin(), bytes.end()),
          .etag = "",
          .content_range = "",
          .content_length = body.size()};
}

HttpResponse ErrorAnswer(int status, std::string_view code) {
  return Answer(status, fmt::format("<Error><Code>{}</Code><Message>m</Message></Error>", code));
}

HttpResponse AnswerWithEtag(ByteSpan object) {
  HttpResponse answer = Answer(200);
  answer.etag = QuotedEtag(object);
  return answer;
}

}  // namespace

void FakeS3::SetScript(Script script) {
  MutexLock lock(mutex_);
  script_ = std::move(script);
}

size_t FakeS3::object_count() const {
  MutexLock lock(mutex_);
  return objects_.size();
}

size_t FakeS3::unfinished_uploads() const {
  MutexLock lock(mutex_);
  return uploads_.size();
}

int FakeS3::exchanges() const {
  MutexLock lock(mutex_);
  return exchanges_;
}

Result<HttpResponse> FakeS3::Perform(const HttpRequest& request) {
  MutexLock lock(mutex_);
  ++exchanges_;
  const FakeS3Fault fault = script_ ? script_(request) : FakeS3Fault{};
  if (fault.kind == FakeS3Fault::Kind::kNotReached) return Status::Unavailable("scripted");
  if (fault.kind == FakeS3Fault::Kind::kStatus) {
    HttpResponse error = ErrorAnswer(fault.status, fault.code);
    error.retry_after = fault.retry_after;
    return error;
  }
  HttpResponse answer = Handle(request);
  if (fault.kind == FakeS3Fault::Kind::kAnswerLost) return Status::Timeout("scripted");
  if (request.method == "HEAD") answer.body.clear();
  if (answer.status / 100 == 2 && answer.body.size() > request.response_bytes_max) {
    return Status::TooLarge("scripted");
  }
  return answer;
}

HttpResponse FakeS3::Handle(const HttpRequest& request) {
  const std::string key = KeyOf(request.url);
  const Query query = QueryOf(request.url);
  if (key.empty()) return HandleBucket(query);
  if (query.contains("uploads") || query.contains("uploadId")) {
    return HandleUpload(request, key, query);
  }
  if (request.method == "PUT") return Put(request, key);
  if (request.method != "DELETE") return Get(request, key);
  objects_.erase(key);
  return Answer(204);
}

// At most list_page_keys of them, as a real service has a limit too.
HttpResponse FakeS3::ListUploads(const std::string& prefix) {
  std::string xml = "<ListMultipartUploadsResult>";
  size_t listed = 0;
  for (const auto& [id, parts] : uploads_) {
    const std::string key = id.substr(id.find('~') + 1);
    if (!key.starts_with(prefix) || listed == options_.list_page_keys) continue;
    ++listed;
    xml += fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId></Upload>", key, id);
  }
  return Answer(200, xml + "</ListMultipartUploadsResult>");
}

HttpResponse FakeS3::HandleBucket(const Query& query) {
  const std::string& prefix = query.at("prefix");
  if (query.contains("uploads")) return ListUploads(prefix);
  const auto token = query.find("continuation-token");
  std::string xml = "<ListBucketResult>";
  size_t keys = 0;
  auto at =
      token == query.end() ? objects_.lower_bound(prefix) : objects_.lower_bound(token->second);
  for (; at != objects_.end() && at->first.starts_with(prefix); ++at) {
    if (keys++ == options_.list_page_keys) break;
    xml += fmt::format("<Contents><Key>{}</Key><Size>{}</Size></Contents>", at->first,
                       at->second.size());
  }
  const bool is_truncated = at != objects_.end() && at->first.starts_with(prefix);
  xml += fmt::format("<IsTruncated>{}</IsTruncated>", is_truncated);
  if (is_truncated) {
    xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", at->first);
  }
  return Answer(200, xml + "</ListBucketResult>");
}

HttpResponse FakeS3::HandleUpload(const HttpRequest& request, const std::string& key,
                                  const Query& query) {
  if (query.contains("uploads")) {
    const std::string id = fmt::format("{}~{}", next_upload_++, key);
    uploads_[id] = {};
    return Answer(200, fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId>"
                                   "</InitiateMultipartUploadResult>",
                                   id));
  }
  const auto upload = uploads_.find(query.at("uploadId"));
  if (upload == uploads_.end()) return ErrorAnswer(404, "NoSuchUpload");
  if (request.method == "PUT") {
    upload->second[std::stoi(query.at("partNumber"))] =
        Bytes(request.body.begin(), request.body.end());
    return AnswerWithEtag(request.body);
  }
  if (request.method == "POST") {
    Bytes& object = objects_[key] = {};
    for (const auto& [number, part] : upload->second) {
      object.insert(object.end(), part.begin(), part.end());
    }
  }
  uploads_.erase(upload);
  return request.method == "POST" ? Answer(200, "<CompleteMultipartUploadResult/>") : Answer(204);
}

bool FakeS3::ConditionsHold(const HttpRequest& request, const std::string& key) {
  const auto found = objects_.find(key);
  const bool exists = found != objects_.end();
  if (options_.honours_if_none_match && !HeaderOf(request, "If-None-Match").empty() && exists) {
    return false;
  }
  const std::string version = HeaderOf(request, "If-Match");
  if (options_.if_match == IfMatchForm::kIgnored || version.empty()) return true;
  if (!exists) return false;
  const std::string etag = QuotedEtag(found->second);
  return version == (options_.if_match == IfMatchForm::kQuoted ? etag : VersionOfEtag(etag));
}

HttpResponse FakeS3::Put(const HttpRequest& request, const std::string& key) {
  if (!ConditionsHold(request, key)) return ErrorAnswer(412, "PreconditionFailed");
  objects_[key] = Bytes(request.body.begin(), request.body.end());
  return AnswerWithEtag(request.body);
}

HttpResponse FakeS3::Get(const HttpRequest& request, const std::string& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return ErrorAnswer(404, "NoSuchKey");
  const Bytes& object = found->second;
  HttpResponse answer = Answer(200, AsText(object));
  answer.etag = QuotedEtag(object);
  const std::string range = HeaderOf(request, "Range");
  if (range.empty() || !options_.honours_ranges) return answer;
  const size_t begin = std::stoull(range.substr(range.find('=') + 1));
  const size_t last =
      std::min<size_t>(std::stoull(range.substr(range.find('-') + 1)), object.size() - 1);
  if (begin >= object.size()) return ErrorAnswer(416, "InvalidRange");
  answer.status = 206;
  answer.body.assign(object.begin() + static_cast<ptrdiff_t>(begin),
                     object.begin() + static_cast<ptrdiff_t>(last) + 1);
  answer.content_length = answer.body.size();
  answer.content_range = fmt::format("bytes {}-{}/{}", begin, last, object.size());
  return answer;
}

}  // namespace luma::io
