#include "io/s3/s3_upload.h"

#include "base/log.h"
#include "io/s3/s3_xml.h"

namespace luma::io {
namespace {

// An abort that fails costs storage, not data: it may not hold up a failed upload for long.
constexpr std::chrono::seconds kAbortPatience{5};

}  // namespace

Result<S3Upload> S3Upload::Begin(S3Client& client, std::string key) {
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                        client.Send({.method = "POST", .key = key, .query = {{"uploads", ""}}}));
  if (answer.http.status / 100 != 2) {
    return Status::IoError("upload cannot begin: key=", key, " status=", answer.http.status);
  }
  LUMA_ASSIGN_OR_RETURN(std::string id, ParseUploadId(AsText(answer.http.body)));
  return S3Upload(client, std::move(key), std::move(id));
}

Status S3Upload::AddPart(ByteSpan bytes) {
  const std::string number = std::to_string(etags_.size() + 1);
  LUMA_ASSIGN_OR_RETURN(const S3Answer answer,
                        client_->Send({.method = "PUT",
                                       .key = key_,
                                       .query = {{"partNumber", number}, {"uploadId", id_}},
                                       .body = bytes}));
  if (answer.http.status / 100 != 2 || answer.http.etag.empty()) {
    return Status::IoError("part of an upload was not taken: key=", key_, " part=", number,
                           " status=", answer.http.status);
  }
  etags_.push_back(answer.http.etag);
  bytes_ += bytes.size();
  return Status::Ok();
}

Status S3Upload::Complete() {
  const std::string xml = CompleteUploadXml(etags_);
  LUMA_ASSIGN_OR_RETURN(
      const S3Answer answer,
      client_->Send(
          {.method = "POST", .key = key_, .query = {{"uploadId", id_}}, .body = AsBytes(xml)}));
  if (answer.http.status / 100 == 2) return Status::Ok();
  if (answer.http.status == 404 && answer.earlier_try_unclear) return CheckCompleted();
  return Status::IoError("upload was not completed: key=", key_, " status=", answer.http.status);
}

Status S3Upload::CheckCompleted() {
  LUMA_ASSIGN_OR_RETURN(const S3Answer head, client_->Send({.method = "HEAD", .key = key_}));
  if (head.http.status == 200 && head.http.content_length == bytes_) return Status::Ok();
  return Status::IoError("upload is gone and was not completed: key=", key_);
}

void S3Upload::Abort() {
  const Result<S3Answer> answer = client_->Send(
      {.method = "DELETE", .key = key_, .query = {{"uploadId", id_}}, .patience = kAbortPatience});
  if (!answer.ok()) {
    LUMA_LOG(kWarn, "io", "parts of an upload are left in the object store: key={} error={}", key_,
             answer.status().message());
  }
}

}  // namespace luma::io
