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
    AddCheckOptions();
    AddBackupOptions();
    AddRestoreOptions();
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
    if (restore_->parsed()) return restore_command_;
    if (backup_->parsed()) return ParsedBackup();
    return VersionCommand{};
  }

 private:
  void AddCheckOptions() {
    CheckCommand& check = check_data_command_;
    AddConfigOptions(*check_data_, check.config);
    auto* const directory =
        check_data_->add_option("data_dir", check.data_directory, "a directory without a server")
            ->type_name("DIRECTORY");
    check_data_->add_option("--server", check.server, "a running server; its admin API is on")
        ->type_name("http://HOST:PORT")
        ->excludes(directory);
    check_data_->add_option("--rate", check.rate, "of a server: bytes for each second, as 50MiB");
  }

  void AddBackupOptions() {
    BackupCommand& backup = backup_command_;
    backup_->require_subcommand(0, 1);
    AddConfigOptions(*backup_, backup.config);
    backup_->add_option("--to", backup.to, "where to: a path, or s3://bucket/prefix")
        ->type_name("DESTINATION");
    auto* const directory = backup_->add_option("--data-dir", backup.data_directory,
                                                "back up a directory that no server runs on");
    backup_->add_option("--server", backup.server, "a running server; its admin API is on")
        ->type_name("http://HOST:PORT")
        ->excludes(directory);
    backup_->add_option("--rate", backup.rate, "bytes for each second at most, as 50MiB");
    AddPlace(*list_, list_command_.config, list_command_.from);
    AddPlace(*verify_, verify_command_.config, verify_command_.from);
    verify_->add_option("--id", verify_command_.id, "only this one");
    AddPlace(*delete_, delete_command_.config, delete_command_.from);
    delete_->add_option("--id", delete_command_.id, "which one")->required();
  }

  void AddRestoreOptions() {
    RestoreCommand& restore = restore_command_;
    AddPlace(*restore_, restore.config, restore.from);
    restore_->add_option("--data-dir", restore.data_directory, "into: empty, or to be made")
        ->required()
        ->type_name("DIRECTORY");
    restore_->add_option("--id", restore.id, "the backup to begin with; the newest that suits");
    auto* const commit =
        restore_->add_option("--to-commit", restore.to_commit, "the state right after this commit");
    restore_->add_option("--to-time", restore.to_time, "the state at that time")
        ->type_name("RFC3339")
        ->excludes(commit);
  }

  static void AddPlace(CLI::App& command, ConfigArguments& config, std::string& from) {
    AddConfigOptions(command, config);
    command.add_option("--from", from, "where backups are: a path, or s3://bucket/prefix")
        ->required()
        ->type_name("DESTINATION");
  }

  Command ParsedBackup() const {
    if (list_->parsed()) return list_command_;
    if (verify_->parsed()) return verify_command_;
    if (delete_->parsed()) return delete_command_;
    if (backup_command_.to.empty()) return ShowText{"--to is required\n", kUsageError};
    return backup_command_;
  }

  CLI::App app_{"LumaDB: metrics, logs, traces and rows in one store", "lumadb"};
  CLI::App* server_ = app_.add_subcommand("server", "run the server until SIGTERM or SIGINT");
  CLI::App* check_ = app_.add_subcommand("check-config", "say whether a configuration is right");
  CLI::App* inspect_ = app_.add_subcommand("inspect", "decode files that the server wrote");
  CLI::App* check_data_ =
      app_.add_subcommand("check", "verify every byte of a data directory, or of a server's");
  CLI::App* backup_ =
      app_.add_subcommand("backup", "copy a store; what is there is not copied again");
  CLI::App* list_ = backup_->add_subcommand("list", "the backups of a destination");
  CLI::App* verify_ = backup_->add_subcommand("verify", "read backups back, check every checksum");
  CLI::App* delete_ = backup_->add_subcommand("delete", "remove a backup and what only it needs");
  CLI::App* restore_ = app_.add_subcommand("restore", "make a data directory out of a backup");
  CLI::App* version_ = app_.add_subcommand("version", "print the version");
  ServerCommand server_command_;
  CheckConfigCommand check_command_;
  InspectCommand inspect_command_;
  CheckCommand check_data_command_;
  BackupCommand backup_command_;
  BackupListCommand list_command_;
  BackupVerifyCommand verify_command_;
  BackupDeleteCommand delete_command_;
  RestoreCommand restore_command_;
};

}  // namespace

Command ParseCommandLine(int argc, const char* const* argv) {
  return Arguments().Parse(argc, argv);
}

}  // namespace luma::server
