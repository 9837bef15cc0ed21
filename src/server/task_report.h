// What long tasks tell operators, as lines of JSON: the same from the command line and the API.
#pragma once

#include <string>

#include "storage/backup/backup_writer.h"
#include "storage/backup/progress.h"
#include "storage/backup/restore.h"
#include "storage/directory_check.h"

namespace luma::server {

// {"phase":"segments","files_done":3,...}; no line feed at the end.
std::string ProgressLine(const storage::Progress& progress);
// The last line of a task: {"phase":"done",...}, and {"phase":"failed","error":"..."}.
std::string DoneLine(const storage::BackupResult& result);
std::string DoneLine(const storage::RestoreResult& result);
std::string DoneLine(const storage::DirectoryReport& report);
std::string FailedLine(const Status& status);

// Whether a line is the last of its task, and whether that went well.
bool IsLastLine(std::string_view line);
bool IsGoodLastLine(std::string_view line);

}  // namespace luma::server
