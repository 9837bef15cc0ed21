#include "server/task_report.h"

#include "prom/json_writer.h"

namespace luma::server {
namespace {

constexpr std::string_view kDoneStart = R"({"phase":"done")";
constexpr std::string_view kFailedStart = R"({"phase":"failed")";

class Line {
 public:
  explicit Line(std::string_view phase) {
    json_.BeginObject();
    Text("phase", phase);
  }
  Line& Text(std::string_view key, std::string_view text) {
    json_.Key(key);
    json_.String(text);
    return *this;
  }
  Line& Number(std::string_view key, uint64_t number) { return Raw(key, std::to_string(number)); }
  Line& Raw(std::string_view key, std::string_view json) {
    json_.Key(key);
    json_.Raw(json);
    return *this;
  }
  Line& Texts(std::string_view key, std::span<const std::string> texts) {
    json_.Key(key);
    json_.BeginArray();
    for (const std::string& text : texts) json_.String(text);
    json_.EndArray();
    return *this;
  }
  std::string Take() {
    json_.EndObject();
    return json_.Take();
  }

 private:
  prom::JsonWriter json_;
};

}  // namespace

std::string ProgressLine(const storage::Progress& progress) {
  return Line(progress.phase)
      .Number("files_done", progress.files_done)
      .Number("files_total", progress.files_total)
      .Number("bytes_done", progress.bytes_done)
      .Number("bytes_total", progress.bytes_total)
      .Number("bytes_moved", progress.bytes_moved)
      .Take();
}

std::string DoneLine(const storage::BackupResult& result) {
  const storage::Backup& backup = result.backup;
  return Line("done")
      .Text("id", backup.Id())
      .Number("commit", storage::ToNumber(backup.commit))
      .Text("time", storage::TimeText(backup.created_at))
      .Number("segment_files", backup.segment_count)
      .Number("segment_bytes", backup.segment_bytes)
      .Number("bytes_moved", result.bytes_moved)
      .Take();
}

std::string DoneLine(const storage::RestoreResult& result) {
  Line line("done");
  line.Text("backup", result.backup.Id()).Number("commit", storage::ToNumber(result.commit));
  if (result.committed_at) line.Text("time", storage::TimeText(*result.committed_at));
  return line.Raw("reached", result.reached ? "true" : "false").Take();
}

std::string DoneLine(const storage::DirectoryReport& report) {
  return Line("done")
      .Number("segment_files", report.segment_files)
      .Number("segment_bytes", report.segment_bytes)
      .Number("cold_objects", report.cold_objects)
      .Number("cold_bytes", report.cold_bytes)
      .Number("blocks", report.blocks)
      .Number("log_records", report.log_records)
      .Number("log_bytes", report.log_bytes)
      .Texts("problems", report.problems)
      .Take();
}

std::string FailedLine(const Status& status) {
  Line line("failed");
  line.Text("error", status.message());
  if (!status.hint().empty()) line.Text("hint", status.hint());
  return line.Take();
}

bool IsLastLine(std::string_view line) {
  return line.starts_with(kDoneStart) || line.starts_with(kFailedStart);
}

bool IsGoodLastLine(std::string_view line) {
  return line.starts_with(kDoneStart) &&
         (line.find(R"("problems":)") == line.npos || line.find(R"("problems":[])") != line.npos);
}

}  // namespace luma::server
