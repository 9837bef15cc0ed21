#include "server/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Command Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "lumadb");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLineTest, ServerTakesAFileAndRepeatedSets) {
  const Command command = Parse(
      {"server", "--config", "a.toml", "--set", "server.port=0", "--set", "auth.password=a b"});
  const auto* server = std::get_if<ServerCommand>(&command);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->config.file, "a.toml");
  EXPECT_THAT(server->config.sets, ElementsAre("server.port=0", "auth.password=a b"));
}

TEST(CommandLineTest, OtherCommandsTakeTheirOptions) {
  EXPECT_TRUE(
      std::get<CheckConfigCommand>(Parse({"check-config", "--print-default"})).print_default);
  EXPECT_THAT(std::get<InspectCommand>(Parse({"inspect", "a", "b"})).paths, ElementsAre("a", "b"));
  EXPECT_EQ(std::get<CheckCommand>(Parse({"check", "d"})).data_directory, "d");
  EXPECT_EQ(std::get<CheckCommand>(Parse({"check", "--server", "http://h:1"})).server,
            "http://h:1");
  EXPECT_TRUE(std::holds_alternative<VersionCommand>(Parse({"version"})));
}

TEST(CommandLineTest, BackupsAreMadeListedVerifiedDeletedAndRestored) {
  const auto made =
      std::get<BackupCommand>(Parse({"backup", "--to", "s3://b/p", "--rate", "1MiB"}));
  EXPECT_EQ(made.to, "s3://b/p");
  EXPECT_EQ(made.rate, "1MiB");
  EXPECT_EQ(
      std::get<BackupCommand>(Parse({"backup", "--to", "d", "--data-dir", "e"})).data_directory,
      "e");
  EXPECT_EQ(std::get<BackupListCommand>(Parse({"backup", "list", "--from", "d"})).from, "d");
  EXPECT_EQ(std::get<BackupVerifyCommand>(Parse({"backup", "verify", "--from", "d"})).id, "");
  EXPECT_EQ(
      std::get<BackupDeleteCommand>(Parse({"backup", "delete", "--from", "d", "--id", "i"})).id,
      "i");
  const auto restore = std::get<RestoreCommand>(
      Parse({"restore", "--from", "d", "--data-dir", "e", "--to-commit", "12"}));
  EXPECT_EQ(restore.data_directory, "e");
  EXPECT_EQ(restore.to_commit, 12u);
}

TEST(CommandLineTest, HelpIsTextAndSuccess) {
  const Command command = Parse({"--help"});
  const auto& shown = std::get<ShowText>(command);
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.text, HasSubstr("check-config"));
}

TEST(CommandLineTest, MistakesAreTextAndFailure) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{},
        {"serve"},
        {"server", "--port", "1"},
        {"server", "x"},
        {"inspect"},
        {"check", "d", "--server", "http://h:1"},
        {"backup"},
        {"backup", "list"},
        {"backup", "delete", "--from", "d"},
        {"restore", "--from", "d"},
        {"restore", "--from", "d", "--data-dir", "e", "--to-commit", "1", "--to-time", "2"}}) {
    const Command command = Parse(arguments);
    const auto* shown = std::get_if<ShowText>(&command);
    ASSERT_NE(shown, nullptr);
    EXPECT_EQ(shown->exit_code, 2);
    EXPECT_FALSE(shown->text.empty());
  }
}

}  // namespace
}  // namespace luma::server
