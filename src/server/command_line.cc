#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace luma::server {
namespace {

constexpr int kUsageError = 2;

void AddConfigOptions(CLI::App& command, ConfigArguments& arguments) {
  command
      .add_option("--config", arguments.file, "TOML file; without one, every key has its default")
      ->type_name("FILE");
  command
      .add_option("--set", arguments.sets, "set one key, after the file is read; may be repeated")
      ->type_name("section.key=value")
      ->allow_extra_args(false);
}

class Arguments {
 public:
  Arguments() {
    app_.require_subcommand(1);
    AddConfigOptions(*server_, server_command_.config);
    AddConfigOptions(*check_, check_command_.config);
    check_->add_flag("--print-default", check_command_.print_default,
                     "print the commented default file instead");
    inspect_->add_option("paths", inspect_command_.paths, "files or folders of a data directory")
        ->required()
        ->type_name("PATH...");
    check_data_->add_option("data_dir", check_data_command_.data_directory, "the data directory")
        ->required()
        ->type_name("DIRECTORY");
  }

  // CLI11 reports by exceptions; they end here.
  Command Parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      std::ostringstream text;
      const bool is_help = app_.exit(error, text, text) == 0;
      return ShowText{std::move(text).str(), is_help ? 0 : kUsageError};
    }
    if (server_->parsed()) return server_command_;
    if (check_->parsed()) return check_command_;
    if (inspect_->parsed()) return inspect_command_;
    if (check_data_->parsed()) return check_data_command_;
    return VersionCommand{};
  }

 private:
  CLI::App app_{"LumaDB: metrics, logs, traces and rows in one store", "lumadb"};
  CLI::App* server_ = app_.add_subcommand("server", "run the server until SIGTERM or SIGINT");
  CLI::App* check_ = app_.add_subcommand("check-config", "say whether a configuration is right");
  CLI::App* inspect_ = app_.add_subcommand("inspect", "decode files that the server wrote");
  CLI::App* check_data_ =
      app_.add_subcommand("check", "verify every file of a data directory; the server is stopped");
  CLI::App* version_ = app_.add_subcommand("version", "print the version");
  ServerCommand server_command_;
  CheckConfigCommand check_command_;
  InspectCommand inspect_command_;
  CheckCommand check_data_command_;
};

}  // namespace

Command ParseCommandLine(int argc, const char* const* argv) {
  return Arguments().Parse(argc, argv);
}

}  // namespace luma::server
