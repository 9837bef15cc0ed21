// The `lumadb` executable: picks the subcommand and turns its outcome into an exit code.
//   0 done, 1 failed, 2 the arguments make no sense
#include <cstdio>
#include <iostream>
#include <string>

#include "base/failpoint.h"
#include "base/log.h"
#include "server/backup_command.h"
#include "server/command_line.h"
#include "server/inspect.h"
#include "server/scraper_options.h"
#include "server/server.h"
#include "server/signals.h"
#include "server/version.h"

namespace luma::server {
namespace {

int Fail(const Status& status) {
  std::fprintf(stderr, "lumadb: %.*s\n", static_cast<int>(status.message().size()),
               status.message().data());
  if (!status.hint().empty()) {
    std::fprintf(stderr, "hint: %.*s\n", static_cast<int>(status.hint().size()),
                 status.hint().data());
  }
  return 1;
}

int Run(const ServerCommand& command) {
  const Signals signals;
  if (const Status status = failpoint::ArmFromEnvironment(); !status.ok()) return Fail(status);
  Result<Config> config = LoadConfig(command.config);
  if (!config.ok()) return Fail(config.status());
  auto server =
      Server::Start(*std::move(config), [&command] { return LoadConfig(command.config); });
  if (!server.ok()) return Fail(server.status());
  while (signals.Wait() == SignalEvent::kReload) static_cast<void>((*server)->Reload());  // logs
  (*server)->Stop();
  return 0;
}

int Run(const CheckConfigCommand& command) {
  if (command.print_default) {
    std::fputs(DefaultConfigFile().c_str(), stdout);
    return 0;
  }
  const Result<Config> config = LoadConfig(command.config);
  if (!config.ok()) return Fail(config.status());
  const auto scraping = ScraperSettingsOf(*config, OwnMetricsPage());
  if (!scraping.ok()) return Fail(scraping.status());
  std::puts("configuration ok");
  return 0;
}

int Run(const InspectCommand& command) {
  int exit_code = 0;
  for (const std::string& path : command.paths) {
    const Status status = Inspect(io::FileSystem::Posix(), path, std::cout);
    if (!status.ok()) exit_code = Fail(status);
  }
  return exit_code;
}

// The commands of backup_command.h.
template <typename Task>
int Run(const Task& command) {
  const Status status = Execute(command, std::cout);
  return status.ok() ? 0 : Fail(status);
}

int Run(const VersionCommand&) {
  std::printf("lumadb %s\n", kVersion.data());
  return 0;
}

int Run(const ShowText& shown) {
  std::fputs(shown.text.c_str(), shown.exit_code == 0 ? stdout : stderr);
  return shown.exit_code;
}

}  // namespace
}  // namespace luma::server

// Read by jemalloc. Freed memory goes back to the system within a second, from a thread of its own:
// with glibc's allocator the process grew to twice its memory limit (bench/results/memory.md).
// Sooner, and queries that follow one another spend their time in page faults. Threads keep no freed
// blocks above 4 KiB for themselves: those of forty threads were 4 MiB. A query finds the memory
// that the one before freed on this core, whichever thread that ran on: with an arena for each few
// threads half of the time of large queries went into page faults.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,max_background_threads:1,"
    "tcache_max:4096,percpu_arena:percpu";
}

int main(int argc, char** argv) {
  return std::visit([](const auto& command) { return luma::server::Run(command); },
                    luma::server::ParseCommandLine(argc, argv));
}
