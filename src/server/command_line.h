// The command line of the `lumadb` executable.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "server/backup_command.h"
#include "server/config.h"

namespace luma::server {

struct ServerCommand {
  ConfigArguments config;
};
struct CheckConfigCommand {
  ConfigArguments config;
  bool print_default = false;
};
struct InspectCommand {
  std::vector<std::string> paths;
};
struct VersionCommand {};
// Nothing to run: `text` answers --help (code 0) or says what is wrong with the arguments (code 2).
struct ShowText {
  std::string text;
  int exit_code = 0;
};
using Command = std::variant<ServerCommand, CheckConfigCommand, InspectCommand, BackupCommand,
                             BackupListCommand, BackupVerifyCommand, BackupDeleteCommand,
                             RestoreCommand, CheckCommand, VersionCommand, ShowText>;

Command ParseCommandLine(int argc, const char* const* argv);

}  // namespace luma::server
