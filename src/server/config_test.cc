#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "server/config_keys.h"

namespace luma::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string ErrorOf(std::string_view text, const std::vector<std::string>& sets = {}) {
  const Result<Config> config = ParseConfig(text, "luma.toml", sets);
  return config.ok() ? "no error" : std::string(config.status().message());
}

TEST(ConfigTest, AnEmptyFileGivesTheSpecificationsDefaults) {
  const Result<Config> config = ParseConfig("", "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.host, "127.0.0.1");
  EXPECT_EQ(config->server.port, 8080);
  EXPECT_TRUE(config->metrics.enabled);
  EXPECT_EQ(config->metrics.port, 9091);
  EXPECT_EQ(config->metrics.path, "/metrics");
  EXPECT_EQ(config->general.data_dir, "./data");
  EXPECT_EQ(config->general.log_level, "info");
  EXPECT_EQ(config->rate_limit.max_requests, 100);
  EXPECT_EQ(config->rate_limit.window, std::chrono::minutes(1));
  EXPECT_EQ(config->rate_limit.ban_duration, std::chrono::minutes(5));
  EXPECT_EQ(config->wal.sync, "always");
}

TEST(ConfigTest, ReadsEveryTypeOfValue) {
  const Result<Config> config = ParseConfig(
      "[server]\nport = 0\nbody_limit = \"1MiB\"\n[wal]\nsync = \"interval\"\n"
      "sync_interval = \"20ms\"\nsegment_bytes = 1048576\n[scrape]\nself = false\n",
      "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.port, 0);
  EXPECT_EQ(config->server.body_limit.bytes, 1u << 20);
  EXPECT_EQ(config->wal.sync, "interval");
  EXPECT_EQ(config->wal.sync_interval, std::chrono::milliseconds(20));
  EXPECT_EQ(config->wal.segment_bytes.bytes, 1u << 20);
  EXPECT_FALSE(config->scrape.self);
}

TEST(ConfigTest, ReadsScrapeJobs) {
  const Result<Config> config = ParseConfig(
      "[[scrape.jobs]]\njob = \"node\"\ntargets = [\"127.0.0.1:9100\", \"[::1]:9100\"]\n"
      "interval = \"5s\"\ntimeout = \"1s\"\n[[scrape.jobs]]\njob = \"b\"\ntargets = [\"h:1\"]\n"
      "path = \"/m\"\n",
      "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->scrape.jobs.size(), 2u);
  EXPECT_THAT(config->scrape.jobs[0].targets, ElementsAre("127.0.0.1:9100", "[::1]:9100"));
  EXPECT_EQ(config->scrape.jobs[0].interval, std::chrono::seconds(5));
  EXPECT_EQ(config->scrape.jobs[1].path, "/m");
}

TEST(ConfigTest, ErrorsNameFileLineAndKey) {
  EXPECT_THAT(ErrorOf("[server]\n\nprot = 1\n"),
              AllOf(StartsWith("luma.toml:3: "), HasSubstr("unknown key: key=server.prot")));
  EXPECT_THAT(ErrorOf("\n[sever]\nport = 1\n"),
              AllOf(StartsWith("luma.toml:2: "), HasSubstr("key=sever")));
  EXPECT_THAT(ErrorOf("[server]\nport = 70000\n"),
              AllOf(StartsWith("luma.toml:2: server.port: "), HasSubstr("0 .. 65535")));
  EXPECT_THAT(ErrorOf("[server]\nport = \"x\"\n"), HasSubstr("expected=a whole number"));
  EXPECT_THAT(ErrorOf("[wal]\nsync = \"sometimes\"\n"), HasSubstr("always, interval, off"));
  EXPECT_THAT(ErrorOf("[query]\ntimeout = 5\n"), HasSubstr("expected=a duration"));
  EXPECT_THAT(ErrorOf("[server]\nport = 1.5\n"), StartsWith("luma.toml:2: server.port: "));
  EXPECT_THAT(ErrorOf("[server]\nport = 1\nport = 2\n"), StartsWith("luma.toml:3: not TOML"));
  EXPECT_THAT(ErrorOf("port = 1\n"), HasSubstr("unknown key: key=port"));
  EXPECT_THAT(ErrorOf("[server]\nhost = \"example.org\"\n"), HasSubstr("an IP address"));
  EXPECT_THAT(ErrorOf("[otlp]\nenabled = true\n"), HasSubstr("allowed=false"));
}

TEST(ConfigTest, ErrorsInScrapeJobsNameTheKey) {
  EXPECT_THAT(ErrorOf("[[scrape.jobs]]\njob = \"a\"\n"), HasSubstr("without targets: job=a"));
  EXPECT_THAT(ErrorOf("[[scrape.jobs]]\njob = \"a\"\ntargets = [\"h\"]\n"),
              HasSubstr("not of the form host:port: target=h"));
  EXPECT_THAT(ErrorOf("[[scrape.jobs]]\ntarget = 1\n"), HasSubstr("key=scrape.jobs.target"));
  EXPECT_THAT(ErrorOf("[scrape]\njobs = [1]\n"), HasSubstr("must be a table"));
}

TEST(ConfigTest, ErrorsInScrapeJobsNameTheLineAtFault) {
  const std::string good = "[[scrape.jobs]]\njob = \"a\"\ntargets = [\"h:1\"]\n";
  const auto error = [&](const std::string& line) {
    return ErrorOf(good + "[[scrape.jobs]]\njob = \"b\"\n" + line);
  };
  EXPECT_THAT(error("targets = [\"h:70000\"]\n"),
              AllOf(StartsWith("luma.toml:6: scrape.jobs: "), HasSubstr("target=h:70000")));
  EXPECT_THAT(error("interval = \"1ms\"\n"), StartsWith("luma.toml:6: scrape.jobs: "));
  EXPECT_THAT(error("path = \"/a b\"\n"), HasSubstr("path=/a b"));
  EXPECT_THAT(error(""), StartsWith("luma.toml:4: scrape.jobs: "));
}

TEST(ConfigTest, ABodyThatCanNeverFitIsRefused) {
  EXPECT_THAT(ErrorOf("[server]\nbody_limit = \"200MiB\"\nbody_memory = \"256MiB\"\n"),
              StartsWith("luma.toml:2: server.body_limit is above half of server.body_memory"));
  EXPECT_THAT(ErrorOf("[server]\nbody_memory = \"32MiB\"\n"), StartsWith("luma.toml:2: "));
  EXPECT_EQ(ErrorOf("[server]\nbody_limit = \"200MiB\"\n"), "no error") << "a share is enough";
}

TEST(ConfigTest, MemoryIsASizeAShareOrAPartOfTheWhole) {
  EXPECT_EQ(ErrorOf("[general]\nmemory_limit = \"512MiB\"\n"), "no error");
  EXPECT_EQ(ErrorOf("[general]\nmemory_limit = \"80%\"\n"), "no error");
  EXPECT_THAT(ErrorOf("[general]\nmemory_limit = \"180%\"\n"), StartsWith("luma.toml:2: "));
  EXPECT_EQ(ErrorOf("[storage]\nmemory_limit = 0\n"), "no error");
  EXPECT_THAT(ErrorOf("[storage]\nmemory_limit = \"1MiB\"\n"), StartsWith("luma.toml:2: "));
}

TEST(ConfigTest, AShortScrapeIntervalShortensTheDefaultTimeout) {
  EXPECT_EQ(ErrorOf("[scrape]\nglobal_interval = \"5s\"\n"), "no error");
  EXPECT_THAT(ErrorOf("[scrape]\nglobal_interval = \"5s\"\nscrape_timeout = \"6s\"\n"),
              StartsWith("luma.toml:3: scrape.scrape_timeout is above"));
}

TEST(ConfigTest, SetOverridesTheFileInEitherSpelling) {
  const Result<Config> config =
      ParseConfig("[server]\nport = 1\n", "luma.toml",
                  {"server.port=0", "general.data_dir=/tmp/x", "general.log_level=\"debug\"",
                   "query.timeout=5s", "auth.password=123", "scrape.self=false",
                   "wal.segment_bytes=2097152", "scrape.jobs=[{job=\"a\", targets=[\"h:1\"]}]"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.port, 0);
  EXPECT_EQ(config->general.data_dir, "/tmp/x");
  EXPECT_EQ(config->general.log_level, "debug");
  EXPECT_EQ(config->query.timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->auth.password, "123");
  EXPECT_FALSE(config->scrape.self);
  EXPECT_EQ(config->wal.segment_bytes.bytes, 2u << 20);
  EXPECT_EQ(config->scrape.jobs.size(), 1u);
}

TEST(ConfigTest, ErrorsInSetNameTheArgument) {
  EXPECT_THAT(ErrorOf("", {"server.prot=1"}), StartsWith("--set server.prot: unknown key"));
  EXPECT_THAT(ErrorOf("", {"server.port"}), HasSubstr("expected section.key=value"));
  EXPECT_THAT(ErrorOf("", {"server.port=abc"}), StartsWith("--set server.port: wrong type"));
  EXPECT_THAT(ErrorOf("", {"scrape.self=maybe"}), HasSubstr("expected=true or false"));
}

TEST(ConfigTest, OtherMachinesAreNotServedWithoutAPasswordUnlessTheFileSaysSo) {
  EXPECT_THAT(ErrorOf("[server]\nport = 1\nhost = \"0.0.0.0\"\n"),
              AllOf(StartsWith("luma.toml:3: refusing"), HasSubstr("server.host=0.0.0.0")));
  EXPECT_THAT(ErrorOf("[postgres]\nhost = \"::\"\n"), HasSubstr("postgres.host=::"));
  EXPECT_THAT(ErrorOf("[metrics]\nhost = \"192.0.2.1\"\n"), HasSubstr("metrics.host="));
  EXPECT_THAT(ErrorOf("[postgres]\nhost = \"::\"\n[auth]\nrequire_auth = true\npassword = \"p\"\n"
                      "method = \"trust\"\n"),
              HasSubstr("postgres.host=::"));
  EXPECT_EQ(ErrorOf("[postgres]\nhost = \"::\"\n[auth]\nrequire_auth = true\npassword = \"p\"\n"),
            "no error");
  EXPECT_EQ(ErrorOf("[server]\nhost = \"0.0.0.0\"\nallow_unauthenticated_remote = true\n"),
            "no error");
}

TEST(ConfigTest, RequiredAuthenticationNeedsAPassword) {
  EXPECT_THAT(ErrorOf("[auth]\nrequire_auth = true\n"),
              StartsWith("luma.toml:2: auth.require_auth needs a password"));
  EXPECT_THAT(ErrorOf("[server]\nrequire_auth = true\n"), HasSubstr("needs a password"));
  EXPECT_THAT(ErrorOf("[metrics]\nrequire_auth = true\n[auth]\npassword = \"p\"\n"),
              HasSubstr("needs scrape.self = false"));
}

TEST(ConfigTest, ThePasswordComesFromAFileOrTheEnvironment) {
  const std::string path = testing::TempDir() + "luma_password";
  std::ofstream(path) << "from file\nsecond line\n";
  const std::string text = "[auth]\npassword = \"plain\"\npassword_file = \"" + path + "\"\n";
  EXPECT_EQ(ParseConfig(text, "luma.toml")->auth.password, "from file");
  setenv("LUMA_AUTH_PASSWORD", "from environment", 1);
  EXPECT_EQ(ParseConfig(text, "luma.toml")->auth.password, "from environment");
  unsetenv("LUMA_AUTH_PASSWORD");
  EXPECT_THAT(ErrorOf("[auth]\npassword_file = \"/missing\"\n"), StartsWith("luma.toml:2: cannot"));
}

TEST(ConfigTest, TheColdStoreIsChecked) {
  EXPECT_EQ(ErrorOf("[cold]\nstore = \"s3://bucket/a/b\"\n"), "no error");
  EXPECT_EQ(ErrorOf("[cold]\nstore = \"/var/lib/cold\"\n"), "no error");
  EXPECT_THAT(ErrorOf("[cold]\nstore = \"s3:///x\"\n"),
              AllOf(StartsWith("luma.toml:2: cold.store: "), HasSubstr("bucket")));
  EXPECT_THAT(ErrorOf("[cold]\nendpoint = \"host:80\"\n"),
              StartsWith("luma.toml:2: cold.endpoint"));
  EXPECT_THAT(ErrorOf("[cold]\nendpoint = \"https://user:SENSITIVE@host\"\n"),
              AllOf(StartsWith("luma.toml:2: cold.endpoint"), Not(HasSubstr("SENSITIVE"))));
  EXPECT_THAT(ErrorOf("[cold]\naccess_key = \"K\"\n"), HasSubstr("need each other"));
  EXPECT_EQ(ErrorOf("[cold]\naccess_key = \"K\"\nsecret_key = \"S\"\n"), "no error");
}

TEST(ConfigTest, TheSecretKeyComesFromAFile) {
  const std::string path = testing::TempDir() + "luma_secret_key";
  std::ofstream(path) << "from file\n";
  const auto config = ParseConfig(
      "[cold]\naccess_key = \"K\"\nsecret_key = \"plain\"\n"
      "secret_key_file = \"" +
          path + "\"\n",
      "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->cold.secret_key, "from file");
  EXPECT_THAT(ErrorOf("[cold]\nsecret_key_file = \"/missing\"\n"),
              StartsWith("luma.toml:2: cannot"));
}

TEST(ConfigTest, ReloadAppliesWhatCanChangeAndNamesTheRest) {
  Config running;
  const Config loaded = *ParseConfig(
      "[general]\nlog_level = \"debug\"\n[server]\nport = 1\n[scrape]\nglobal_interval = \"30s\"\n",
      "luma.toml");
  const ConfigChange change = Reload(loaded, running);
  EXPECT_THAT(change.applied, ElementsAre("general.log_level", "scrape.global_interval"));
  EXPECT_THAT(change.needs_restart, ElementsAre("server.port"));
  EXPECT_EQ(running.general.log_level, "debug");
  EXPECT_EQ(running.server.port, 8080);
}

TEST(ConfigTest, EverySectionAndKeyIsDocumented) {
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_FALSE(key.doc.empty()) << key.path;
    EXPECT_FALSE(SectionDoc(key.section()).empty()) << key.path;
  }
}

TEST(ConfigTest, TheDefaultFileReadsBackAsTheDefaults) {
  const Result<Config> read = ParseConfig(DefaultConfigFile(), "lumadb.toml");
  ASSERT_TRUE(read.ok()) << read.status();
  Config defaults;
  const ConfigChange change = Reload(*read, defaults);
  EXPECT_THAT(change.applied, ElementsAre());
  EXPECT_THAT(change.needs_restart, ElementsAre());
}

// A failure here is mended by: lumadb check-config --print-default > docs/guides/lumadb.toml
TEST(ConfigTest, TheGuidesFileIsTheDefaultFile) {
  const std::ifstream file(LUMA_SOURCE_DIR "/docs/guides/lumadb.toml");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), DefaultConfigFile());
}

TEST(LoopbackTest, KnowsTheAddressesOfThisMachine) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.8.8.8"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_FALSE(IsLoopback("0.0.0.0"));
  EXPECT_FALSE(IsLoopback("::"));
  EXPECT_FALSE(IsLoopback("10.0.0.1"));
}

TEST(ConfigTest, RetentionRulesAreReadInOrder) {
  const Result<Config> config = ParseConfig(
      "[retention]\ndefault_keep = \"30d\"\n"
      "[[retention.rules]]\nmatch = '{job=\"debug\"}'\nkeep = \"3d\"\n"
      "[[retention.rules]]\nmatch = 'up'\nkeep = \"1d12h\"\n",
      "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->retention.default_keep, std::chrono::days(30));
  ASSERT_EQ(config->retention.rules.size(), 2u);
  EXPECT_EQ(config->retention.rules[0].match, "{job=\"debug\"}");
  EXPECT_EQ(config->retention.rules[1].keep, std::chrono::hours(36));
}

TEST(ConfigTest, DownsamplingRulesAreRead) {
  const auto config = ParseConfig(
      "[downsampling]\ninterval = \"1m\"\n"
      "[[downsampling.rules]]\nafter = \"7d\"\nresolution = \"5m\"\n"
      "[[downsampling.rules]]\nmatch = 'up'\nafter = \"1d\"\nresolution = \"1h\"\n"
      "[[downsampling.rules]]\nafter = \"90d\"\nresolution = \"1h\"\n",
      "luma.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->downsampling.interval, std::chrono::minutes(1));
  ASSERT_EQ(config->downsampling.rules.size(), 3u);
  EXPECT_EQ(config->downsampling.rules[0].match, "");
  EXPECT_EQ(config->downsampling.rules[1].match, "up");
  EXPECT_EQ(config->downsampling.rules[2].after, std::chrono::days(90));
  EXPECT_EQ(config->downsampling.rules[2].resolution, std::chrono::hours(1));
}

TEST(ConfigTest, BadDownsamplingRulesAreNamed) {
  const auto error = [](const std::string& rule) {
    return ErrorOf(
        "[[downsampling.rules]]\nafter = \"7d\"\nresolution = \"10m\"\n"
        "[[downsampling.rules]]\n" +
        rule);
  };
  EXPECT_THAT(error("resolution = \"1h\"\n"),
              HasSubstr("rule 2: downsampling rule without an age"));
  EXPECT_THAT(error("after = \"8d\"\n"), HasSubstr("without a length of buckets"));
  EXPECT_THAT(error("after = \"8d\"\nresolution = \"7m\"\n"), HasSubstr("make a day"));
  EXPECT_THAT(error("after = \"8d\"\nresolution = \"2d\"\n"), HasSubstr("make a day"));
  EXPECT_THAT(error("after = \"8d\"\nresolution = \"500ms\"\n"), HasSubstr("make a day"));
  EXPECT_THAT(error("after = \"30m\"\nresolution = \"1h\"\n"), HasSubstr("after a bucket or more"));
  for (const char* const level :
       {"after = \"8d\"\nresolution = \"15m\"\n", "after = \"6d\"\nresolution = \"1h\"\n",
        "after = \"7d\"\nresolution = \"1h\"\n", "after = \"8d\"\nresolution = \"10m\"\n"}) {
    EXPECT_THAT(error(level), HasSubstr("of two rules with one selector")) << level;
  }
  EXPECT_EQ(error("match = 'up'\nafter = \"8d\"\nresolution = \"15m\"\n"), "no error");
  EXPECT_THAT(error("match = 'up{'\n"), HasSubstr("rule 2: 1:4: parse error"));
  EXPECT_THAT(error("after = 5\n"), HasSubstr("expected text in quotes: key=after"));
  EXPECT_THAT(error("keep = \"8d\"\n"), HasSubstr("unknown key: key=downsampling.rules.keep"));
}

TEST(ConfigTest, BadRetentionRulesAreNamed) {
  const auto error = [](std::string_view rule) {
    return ErrorOf("[[retention.rules]]\nmatch = 'up'\nkeep = \"3d\"\n[[retention.rules]]\n" +
                   std::string(rule));
  };
  EXPECT_THAT(error("match = 'up{'\nkeep = \"1d\"\n"), HasSubstr("rule 2: 1:4: parse error"));
  EXPECT_THAT(error("match = 'up'\n"), HasSubstr("rule 2: retention rule without a time"));
  EXPECT_THAT(error("keep = \"1d\"\n"), HasSubstr("rule 2: retention rule without a selector"));
  EXPECT_THAT(error("match = 'up'\nkeep = \"0s\"\n"), HasSubstr("more than nothing"));
  EXPECT_THAT(error("match = 'up'\nkeep = \"soon\"\n"), HasSubstr("not a duration"));
  EXPECT_THAT(error("selector = 'up'\n"), HasSubstr("unknown key: key=retention.rules.selector"));
}

}  // namespace
}  // namespace luma::server
