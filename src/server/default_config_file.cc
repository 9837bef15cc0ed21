// The commented file of every key and its default, from the table in config_keys.cc.
#include <fmt/format.h>

#include <sstream>

#include "server/config_keys.h"

namespace luma::server {
namespace {

constexpr size_t kLineWidth = 100;

// Breaks `doc` into comment lines of at most kLineWidth characters.
std::string Comment(std::string_view doc) {
  std::istringstream words{std::string(doc)};
  std::string out, line = "#";
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kLineWidth) {
      out += line + '\n';
      line = "#";
    }
    line += ' ' + word;
  }
  return out + line + '\n';
}

std::string KeyText(const ConfigKey& key, const Config& defaults) {
  std::string notes(key.doc);
  if (const std::string limit = FormatLimit(key); !limit.empty()) notes += " [" + limit + "]";
  if (key.reloadable) notes += " (reload)";
  if (key.path == "scrape.jobs") {
    return Comment(notes) +
           "# [[scrape.jobs]]\n"
           "# job = \"node\"\n"
           "# targets = [\"127.0.0.1:9100\"]\n"
           "# path = \"/metrics\"\n"
           "# interval = \"15s\"\n"
           "# timeout = \"10s\"\n";
  }
  if (key.path == "retention.rules") {
    return Comment(notes) +
           "# [[retention.rules]]\n"
           "# match = '{job=\"debug\"}'\n"
           "# keep = \"3d\"\n";
  }
  if (key.path == "downsampling.rules") {
    return Comment(notes) +
           "# [[downsampling.rules]]\n"
           "# after = \"7d\"\n"
           "# resolution = \"5m\"\n"
           "# [[downsampling.rules]]\n"
           "# after = \"90d\"\n"
           "# resolution = \"1h\"\n";
  }
  return Comment(notes) + fmt::format("{} = {}\n", key.name(), FormatValue(key, defaults));
}

constexpr std::string_view kFileHead =
    "# LumaDB's configuration, with every key at its default. This file is what\n"
    "# `lumadb check-config --print-default` prints. Any key can also be given on the command "
    "line:\n"
    "# `--set section.key=value`. Unknown keys and bad values are errors that name the line.\n"
    "# (reload): a change is applied by SIGHUP; other changes wait for a restart.\n"
    "# Durations: \"250ms\", \"15s\", \"1h30m\", \"7d\". Sizes: \"64KiB\", \"32MiB\", \"2GiB\".\n";

}  // namespace

std::string DefaultConfigFile() {
  const Config defaults;
  std::string out(kFileHead);
  std::string_view section;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section() != section) {
      section = key.section();
      out += fmt::format("\n{}[{}]\n", Comment(SectionDoc(section)), section);
    }
    out += '\n' + KeyText(key, defaults);
  }
  return out;
}

}  // namespace luma::server
