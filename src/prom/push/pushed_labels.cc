#include "prom/push/pushed_labels.h"

#include <algorithm>
#include <optional>

#include "net/base64.h"

namespace luma::prom {
namespace {

constexpr std::string_view kBase64 = "@base64";

Status TooManyLabels(std::string_view where) {
  return Status::InvalidArgument("too many labels: limit=", kPushedLabelsMax, " in=", where);
}

std::string_view TakeSegment(std::string_view& path) {
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

Status AddLabel(std::string_view name, std::string_view value, bool is_base64,
                PushedLabels& labels) {
  if (name.empty() || name.starts_with("__")) {
    return Status::InvalidArgument("bad label name in the path: name=", name);
  }
  if (!is_base64) {
    labels.emplace_back(name, value);
    return Status::Ok();
  }
  const std::optional<std::string> decoded = net::Base64Decode(value);
  if (!decoded) return Status::InvalidArgument("bad base64 in the path: label=", name);
  labels.emplace_back(name, *decoded);
  return Status::Ok();
}

}  // namespace

Result<PushedLabels> ExtraLabels(const net::FormFields& parameters) {
  PushedLabels labels;
  for (const std::string_view one : parameters.GetAll("extra_label")) {
    if (labels.size() == kPushedLabelsMax) return TooManyLabels("extra_label");
    const size_t equals = one.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return Status::InvalidArgument("extra_label must be name=value: got=", one);
    }
    if (one.substr(0, equals) == kMetricNameLabel) {
      return Status::InvalidArgument("extra_label cannot be the name of a metric: got=", one);
    }
    labels.emplace_back(one.substr(0, equals), one.substr(equals + 1));
  }
  return labels;
}

Result<PushedLabels> GroupingLabels(std::string_view path, bool job_is_base64) {
  PushedLabels labels;
  const std::string_view job = TakeSegment(path);
  if (job.empty()) return Status::InvalidArgument("no job in the path");
  LUMA_RETURN_IF_ERROR(AddLabel("job", job, job_is_base64, labels));
  if (!path.empty() && std::ranges::count(path, '/') % 2 == 0) {
    return Status::InvalidArgument("a label without a value in the path: labels=", path);
  }
  while (!path.empty()) {
    if (labels.size() == kPushedLabelsMax) return TooManyLabels("path");
    std::string_view name = TakeSegment(path);
    const bool is_base64 = name.ends_with(kBase64);
    if (is_base64) name.remove_suffix(kBase64.size());
    LUMA_RETURN_IF_ERROR(AddLabel(name, TakeSegment(path), is_base64, labels));
  }
  return labels;
}

void Replace(const PushedLabels& from, std::vector<LabelRef>& labels) {
  for (const auto& [name, value] : from) {
    const auto found = std::ranges::find(labels, name, &LabelRef::name);
    if (found != labels.end()) {
      found->value = value;
    } else {
      labels.push_back({name, value});
    }
  }
}

}  // namespace luma::prom
