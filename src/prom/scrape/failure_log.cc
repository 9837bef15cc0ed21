#include "prom/scrape/failure_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "prom/json_fields.h"
#include "prom/json_writer.h"
#include "prom/time_text.h"

namespace luma::prom {
namespace {

std::string LineOf(const ScrapeFailure& failure) {
  JsonWriter json;
  json.BeginObject();
  TextField("time", Rfc3339(failure.time), json);
  TextField("level", "ERROR", json);
  TextField("msg", failure.reason, json);
  TextField("job_name", failure.job, json);
  TextField("target", failure.target, json);
  json.EndObject();
  return json.Take() + "\n";
}

}  // namespace

// One write of a whole line: those of several threads do not mix.
Status AppendScrapeFailure(const std::string& path, const ScrapeFailure& failure) {
  const std::string line = LineOf(failure);
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const bool written =
      file >= 0 && write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int error = errno;
  if (file >= 0) close(file);
  if (written) return Status::Ok();
  return Status::IoError("cannot write: file=", path, " reason=", std::strerror(error));
}

}  // namespace luma::prom
