// Goal: a segment whose Finish() returned OK is whole after a power loss at any later moment; one
// whose Finish() did not is absent or, under its final name, whole.
// Method: SimDisk loses power, or fails a call, at every I/O step of writing.
#include <gtest/gtest.h>

#include "encoding/testing/test_seed.h"
#include "io/sim_disk.h"
#include "storage/warm/segment_testing.h"

namespace luma::storage {
namespace {

using encoding::testing::TestSeed;
using testing::HoldsRowsOf;

constexpr const char* kDirectory = "segments";
constexpr const char* kPath = "segments/run";

const testing::Table& TestTable() {
  static const testing::Table table = [] {
    std::mt19937_64 random(3);
    testing::Table made;
    made.columns.push_back(encoding::testing::RandomColumn(
        PhysicalType::kInt64, kBlockRows + 10, encoding::testing::Pattern::kNoise, 0, random));
    return made;
  }();
  return table;
}

Result<SegmentFileInfo> Write(io::SimDisk& disk) {
  LUMA_RETURN_IF_ERROR(disk.CreateDirectories(kDirectory));
  return testing::WriteSegment(disk, kPath, TestTable());
}

uint64_t StepsOfWriting() {
  return io::CountIoSteps([](io::SimDisk& disk) { ASSERT_TRUE(Write(disk).ok()); });
}

void ExpectWhole(io::SimDisk& disk) {
  const auto reader = SegmentReader::OpenUnknown(disk, kPath);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(HoldsRowsOf(**reader, TestTable()));
}

TEST(SegmentWriterCrashTest, ASegmentIsWholeOrAbsentAfterPowerLossAtEveryStep) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  for (uint64_t step = 0, end = StepsOfWriting(); step <= end; ++step) {
    SCOPED_TRACE(::testing::Message() << "power lost at step " << step);
    io::SimDiskOptions options;
    options.power_loss_step = step;
    options.seed = seed + step;
    io::SimDisk disk(options);
    const bool finished = Write(disk).ok();
    EXPECT_EQ(finished, step == end);
    io::SimDisk after = disk.Reboot();
    const auto exists = after.Exists(kPath);
    ASSERT_TRUE(exists.ok());
    if (finished) EXPECT_TRUE(*exists);
    if (*exists) ExpectWhole(after);
  }
}

TEST(SegmentWriterCrashTest, AFailedCallIsReportedAndLeavesNoTemporaryFile) {
  for (uint64_t step = 0, end = StepsOfWriting(); step < end; ++step) {
    SCOPED_TRACE(::testing::Message() << "call " << step << " fails");
    io::SimDiskOptions options;
    options.fault = io::SimFault{.step = step, .code = StatusCode::kDiskFull};
    io::SimDisk disk(options);
    const auto info = Write(disk);
    ASSERT_FALSE(info.ok());
    EXPECT_EQ(info.status().code(), StatusCode::kDiskFull);
    const auto leftover = disk.Exists(std::string(kPath) + ".tmp");
    ASSERT_TRUE(leftover.ok());
    EXPECT_FALSE(*leftover);
  }
}

}  // namespace
}  // namespace luma::storage
