// `lumadb backup`, `restore` and `check`: what they do and print.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "base/status.h"
#include "server/config.h"

namespace luma::server {

// Makes a backup: of a running server, or of a data directory that no server runs on.
struct BackupCommand {
  ConfigArguments config;
  std::string to;
  std::string server;          // empty: the one of `config`
  std::string data_directory;  // not empty: no server
  std::string rate;            // a byte count for each second; empty: no limit
};
struct BackupListCommand {
  ConfigArguments config;
  std::string from;
};
// Reads everything back.
struct BackupVerifyCommand {
  ConfigArguments config;
  std::string from;
  std::string id;  // empty: all
};
struct BackupDeleteCommand {
  ConfigArguments config;
  std::string from;
  std::string id;
};
struct RestoreCommand {
  ConfigArguments config;
  std::string from;
  std::string id;
  std::string data_directory;
  std::optional<uint64_t> to_commit;
  std::string to_time;
};
// Verifies every byte of a data directory that no server runs on, or of a running server.
struct CheckCommand {
  ConfigArguments config;
  std::string data_directory;  // empty: a server
  std::string server;          // empty: the one of `config`
  std::string rate;
};

// Each blocks until it is done and prints to `out`: progress as lines of JSON (task_report.h),
// lists as text. Errors: also kCorruption after all damage that was found has been printed.
Status Execute(const BackupCommand& command, std::ostream& out);
Status Execute(const BackupListCommand& command, std::ostream& out);
Status Execute(const BackupVerifyCommand& command, std::ostream& out);
Status Execute(const BackupDeleteCommand& command, std::ostream& out);
Status Execute(const RestoreCommand& command, std::ostream& out);
Status Execute(const CheckCommand& command, std::ostream& out);

}  // namespace luma::server
