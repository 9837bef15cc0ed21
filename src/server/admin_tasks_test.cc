#include "server/admin_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "server/task_report.h"

namespace luma::server {
namespace {

using testing::HasSubstr;

constexpr std::chrono::milliseconds kPatience{60'000};

// All lines of a task, read as a client does.
std::string AllLines(AdminTasks& tasks, uint64_t task) {
  std::string all;
  for (uint64_t seen = 0; true;) {
    const auto lines = tasks.Lines(task, seen, kPatience);
    EXPECT_TRUE(lines.ok()) << lines.status();
    if (!lines.ok()) return all;
    for (size_t at = 0; at < lines->size(); ++seen) {
      const size_t end = lines->find('\n', at);
      const std::string line = lines->substr(at, end - at);
      all += line + "\n";
      if (IsLastLine(line)) return all;
      at = end + 1;
    }
  }
}

TEST(AdminTasksTest, ATaskTellsItsProgressAndItsEnd) {
  AdminTasks tasks;
  const auto task = tasks.Start("t", 0, [](const storage::OnProgress& on_progress) {
    EXPECT_TRUE(on_progress({.phase = "segments", .files_done = 1, .files_total = 2}).ok());
    return Result<std::string>(DoneLine(storage::DirectoryReport{.segment_files = 2}));
  });
  const std::string lines = AllLines(tasks, *task);
  EXPECT_THAT(lines, HasSubstr(R"({"phase":"segments","files_done":1,"files_total":2,)"));
  EXPECT_THAT(lines, HasSubstr(R"({"phase":"done","segment_files":2,)"));
  EXPECT_EQ(tasks.Lines(*task + 1, 0, kPatience).status().code(), StatusCode::kNotFound);
}

TEST(AdminTasksTest, AFailedTaskSaysWhy) {
  AdminTasks tasks;
  const auto task = tasks.Start("t", 0, [](const storage::OnProgress&) {
    return Result<std::string>(Status::Corruption("bad \"block\"").WithHint("restore it"));
  });
  EXPECT_EQ(AllLines(tasks, *task),
            "{\"phase\":\"failed\",\"error\":\"bad \\\"block\\\"\",\"hint\":\"restore it\"}\n");
}

TEST(AdminTasksTest, OneTaskAtATimeAndStopEndsIt) {
  AdminTasks tasks;
  std::atomic<bool> was_cancelled{false};
  const auto until_told = [&](const storage::OnProgress& on_progress) -> Result<std::string> {
    while (true) {
      const Status status = on_progress({.phase = "segments"});
      was_cancelled = status.code() == StatusCode::kCancelled;
      LUMA_RETURN_IF_ERROR(status);
    }
  };
  ASSERT_TRUE(tasks.Start("t", 0, until_told).ok());
  EXPECT_EQ(tasks.Start("u", 0, until_told).status().code(), StatusCode::kUnavailable);
  tasks.Stop();
  EXPECT_TRUE(was_cancelled);
  EXPECT_EQ(tasks.Start("v", 0, until_told).status().code(), StatusCode::kUnavailable);
}

TEST(TaskReportTest, DamageIsNoGoodEnd) {
  EXPECT_TRUE(IsGoodLastLine(DoneLine(storage::DirectoryReport{})));
  EXPECT_FALSE(IsGoodLastLine(DoneLine(storage::DirectoryReport{.problems = {"bad"}})));
  EXPECT_FALSE(IsGoodLastLine(FailedLine(Status::IoError("x"))));
  EXPECT_FALSE(IsLastLine(ProgressLine({.phase = "log"})));
}

}  // namespace
}  // namespace luma::server
