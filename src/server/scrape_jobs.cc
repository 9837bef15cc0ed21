#include "server/internal/scrape_jobs.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "server/config_keys.h"
#include "server/scrape_address.h"

namespace luma::server {
namespace {

class JobReader {
 public:
  explicit JobReader(const toml::node& node) : node_(node), reading_(&node) {}

  Result<ScrapeJob> Read() {
    const toml::table* table = node_.as_table();
    if (table == nullptr) return Status::InvalidArgument("a scrape job must be a table");
    for (const auto& [name, value] : *table) {
      reading_ = &value;
      LUMA_RETURN_IF_ERROR(ReadKey(name.str(), value));
    }
    reading_ = &node_;
    if (job_.job.empty()) return Status::InvalidArgument("scrape job without a name: key=job");
    if (job_.targets.empty()) {
      return Status::InvalidArgument("scrape job without targets: job=", job_.job);
    }
    return job_;
  }
  // After an error: what is at fault, for its line.
  const toml::node& fault() const { return *reading_; }

 private:
  Status ReadKey(std::string_view name, const toml::node& value) {
    if (name == "job") return ReadText(name, value, job_.job);
    if (name == "path") return ReadPath(value);
    if (name == "interval") return ReadDuration(name, value, job_.interval);
    if (name == "timeout") return ReadDuration(name, value, job_.timeout);
    if (name == "targets") return ReadTargets(value);
    return UnknownKey(fmt::format("scrape.jobs.{}", name));
  }

  static Status ReadText(std::string_view name, const toml::node& node, std::string& out) {
    const std::optional<std::string> text = node.value_exact<std::string>();
    if (!text) return Status::InvalidArgument("expected text in quotes: key=", name);
    out = *text;
    return Status::Ok();
  }

  Status ReadPath(const toml::node& node) {
    LUMA_RETURN_IF_ERROR(ReadText("path", node, job_.path));
    const bool has_space = job_.path.find_first_of(" \t\r\n") != std::string::npos;
    if (job_.path.starts_with('/') && !has_space) return Status::Ok();
    return Status::InvalidArgument("path must begin with a slash and have no spaces: path=",
                                   job_.path);
  }

  static Status ReadDuration(std::string_view name, const toml::node& node, Duration& out) {
    std::string text;
    LUMA_RETURN_IF_ERROR(ReadText(name, node, text));
    LUMA_ASSIGN_OR_RETURN(out, ParseDuration(text));
    if (out >= kScrapeIntervalMin && out <= kScrapeIntervalMax) return Status::Ok();
    return Status::InvalidArgument("value not allowed: key=", name, " value=", text,
                                   " allowed=", FormatDuration(kScrapeIntervalMin), " .. ",
                                   FormatDuration(kScrapeIntervalMax));
  }

  Status ReadTargets(const toml::node& node) {
    const toml::array* targets = node.as_array();
    if (targets == nullptr) return Status::InvalidArgument("expected a list: key=targets");
    for (const toml::node& target : *targets) {
      std::string text;
      LUMA_RETURN_IF_ERROR(ReadText("targets", target, text));
      LUMA_RETURN_IF_ERROR(ParseScrapeAddress(text).status());
      job_.targets.push_back(std::move(text));
    }
    return Status::Ok();
  }

  const toml::node& node_;
  const toml::node* reading_;
  ScrapeJob job_;
};

}  // namespace

Result<std::vector<ScrapeJob>> ReadScrapeJobs(const toml::node& jobs) {
  const toml::array* list = jobs.as_array();
  if (list == nullptr) return Status::InvalidArgument("expected a list of tables: key=scrape.jobs");
  std::vector<ScrapeJob> read;
  for (const toml::node& job : *list) {
    LUMA_ASSIGN_OR_RETURN(ScrapeJob one, JobReader(job).Read());
    read.push_back(std::move(one));
  }
  return read;
}

const toml::node& FaultOfScrapeJobs(const toml::node& jobs) {
  if (!jobs.is_array()) return jobs;
  for (const toml::node& job : *jobs.as_array()) {
    JobReader reader(job);
    if (!reader.Read().ok()) return reader.fault();
  }
  return jobs;
}

}  // namespace luma::server
