// The table of configuration keys.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/config.h"

namespace luma::server {

// Where a key's value lives in a Config; the alternative is the key's type.
using ConfigField =
    std::variant<bool& (*)(Config&), int64_t& (*)(Config&), std::string& (*)(Config&),
                 Duration& (*)(Config&), ByteCount& (*)(Config&),
                 std::vector<ScrapeJob>& (*)(Config&), std::vector<RetentionRule>& (*)(Config&),
                 std::vector<DownsamplingRule>& (*)(Config&)>;

// Bounds of numbers, in the unit of the key's type: a count, milliseconds or bytes.
struct Between {
  int64_t min = 0;
  int64_t max = INT64_MAX;
};
// As Between, or 0 for a share of general.memory_limit.
struct ShareOr {
  int64_t min = 0;
  int64_t max = INT64_MAX;
};
struct MemoryAmount {};  // see ParseMemoryAmount
struct OneOf {
  std::vector<std::string_view> choices;
};
struct HostAddress {};  // an IP address or "localhost"
struct NotEmpty {};
struct Anything {};
using ConfigLimit =
    std::variant<Anything, Between, ShareOr, MemoryAmount, OneOf, HostAddress, NotEmpty>;

struct ConfigKey {
  std::string_view path;  // "section.name", as in the file and in Config
  ConfigField field;
  ConfigLimit limit;
  bool reloadable;  // SIGHUP applies a change; otherwise it waits for a restart
  std::string_view doc;

  std::string_view section() const { return path.substr(0, path.find('.')); }
  std::string_view name() const { return path.substr(path.find('.') + 1); }
};

// Of scrape.global_interval and of the interval and timeout of a job.
constexpr Duration kScrapeIntervalMin{100};
constexpr Duration kScrapeIntervalMax{86'400'000};

// In the order of the default file; keys of a section are neighbours.
std::span<const ConfigKey> ConfigKeys();
const ConfigKey* FindConfigKey(std::string_view path);  // null when there is none
Status UnknownKey(std::string_view path);
std::string_view SectionDoc(std::string_view section);

// The value as the file spells it, e.g. `"64MiB"`, quotes included.
std::string FormatValue(const ConfigKey& key, const Config& config);
// Says in words what is allowed, e.g. "1s .. 1h", or "" where anything is.
std::string FormatLimit(const ConfigKey& key);

// True when the two differ in this key; then, with `copy`, `to` gets the value of `from`.
bool CopyIfDifferent(const ConfigKey& key, const Config& from, Config& to, bool copy);

// Each checks the limit and stores the value. Errors: kInvalidArgument, without the key's name.
Status SetBool(const ConfigKey& key, bool value, Config& config);
Status SetInteger(const ConfigKey& key, int64_t value, Config& config);
// For text, durations ("15s") and sizes ("64MiB").
Status SetText(const ConfigKey& key, std::string_view value, Config& config);

}  // namespace luma::server
