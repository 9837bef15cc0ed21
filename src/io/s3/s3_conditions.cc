#include "io/s3/s3_conditions.h"

#include <fmt/format.h>

#include <random>

#include "base/log.h"

namespace luma::io {
namespace {

constexpr int kProbesMax = 10;
constexpr char kNoVersion[] = "00000000000000000000000000000000";

class Probe {
 public:
  Probe(S3Client& client, std::string key) : client_(client), key_(std::move(key)) {}

  Result<S3Conditions> Run();

 private:
  // Whether the store accepts a put with this header; each puts other bytes. kTimeout, which the
  // client itself never returns, when a lost answer makes it unclear.
  Result<bool> Accepts(const std::vector<NameValue>& headers);
  Result<IfMatchForm> FindIfMatchForm();

  S3Client& client_;
  const std::string key_;
  int puts_ = 0;
  std::string version_;  // what the last accepted put made
};

Result<bool> Probe::Accepts(const std::vector<NameValue>& headers) {
  const std::string body = std::to_string(puts_++);
  const Result<S3Answer> answer =
      client_.Send({.method = "PUT", .key = key_, .headers = headers, .body = AsBytes(body)});
  if (!answer.ok()) {
    if (answer.status().code() == StatusCode::kUnsupported) return false;
    return answer.status();
  }
  if (answer->earlier_try_unclear) {
    return Status::Timeout("object store was not steady enough to try out conditions: key=", key_);
  }
  if (answer->http.status / 100 != 2) return false;
  version_ = VersionOfEtag(answer->http.etag);
  return true;
}

Result<IfMatchForm> Probe::FindIfMatchForm() {
  LUMA_ASSIGN_OR_RETURN(const bool ignores, Accepts({IfMatch(IfMatchForm::kQuoted, kNoVersion)}));
  LUMA_ASSIGN_OR_RETURN(const bool ignores_bare,
                        Accepts({IfMatch(IfMatchForm::kBare, kNoVersion)}));
  if (ignores || ignores_bare || version_.empty()) return IfMatchForm::kIgnored;
  for (const IfMatchForm form : {IfMatchForm::kQuoted, IfMatchForm::kBare}) {
    LUMA_ASSIGN_OR_RETURN(const bool accepts, Accepts({IfMatch(form, version_)}));
    if (accepts) return form;
  }
  return IfMatchForm::kIgnored;
}

Result<S3Conditions> Probe::Run() {
  S3Conditions conditions;
  LUMA_ASSIGN_OR_RETURN(const bool is_put, Accepts({}));
  if (!is_put) return Status::IoError("object store refuses a plain put: key=", key_);
  LUMA_ASSIGN_OR_RETURN(const bool ignores, Accepts({IfNoneMatch()}));
  conditions.honours_if_none_match = !ignores;
  LUMA_ASSIGN_OR_RETURN(conditions.if_match, FindIfMatchForm());
  return conditions;
}

}  // namespace

Result<S3Conditions> ProbeConditions(S3Client& client) {
  std::random_device random;
  const std::string key =
      fmt::format("{}luma-probe-{:08x}{:08x}", client.options().probe_prefix, random(), random());
  Result<S3Conditions> conditions = Probe(client, key).Run();
  for (int probes = 1; conditions.status().code() == StatusCode::kTimeout; ++probes) {
    if (probes == kProbesMax) {
      conditions = Status::Unavailable(conditions.status().message());
      break;
    }
    conditions = Probe(client, key).Run();
  }
  const Result<S3Answer> removed = client.Send({.method = "DELETE", .key = key});
  if (!removed.ok()) {
    LUMA_LOG(kWarn, "io", "an object to try out conditions is left: key={}", key);
  }
  return conditions;
}

std::string VersionOfEtag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

NameValue IfMatch(IfMatchForm form, const std::string& version) {
  return {"If-Match", form == IfMatchForm::kQuoted ? "\"" + version + "\"" : version};
}

NameValue IfNoneMatch() { return {"If-None-Match", "*"}; }

}  // namespace luma::io
