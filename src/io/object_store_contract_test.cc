#include "io/object_store_contract.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "base/crc32c.h"
#include "io/sim_disk.h"

namespace luma::io {

TEST_P(ObjectStoreContract, PutReplacesAndGetReturnsTheWholeObject) {
  ASSERT_TRUE(store_->Put("t/1/a.parquet", AsBytes("first")).ok());
  ASSERT_TRUE(store_->Put("t/1/a.parquet", AsBytes("second")).ok());
  EXPECT_EQ(AsText(*store_->Get("t/1/a.parquet")), "second");
  EXPECT_EQ(store_->Head("t/1/a.parquet")->size_bytes, 6u);
}

TEST_P(ObjectStoreContract, RangesAreExactOrRefused) {
  ASSERT_TRUE(store_->Put("k", AsBytes("second")).ok());
  EXPECT_EQ(AsText(*store_->GetRange("k", 1, 3)), "eco");
  EXPECT_EQ(AsText(*store_->GetRange("k", 0, 6)), "second");
  EXPECT_EQ(AsText(*store_->GetRange("k", 5, 1)), "d");
  EXPECT_EQ(AsText(*store_->GetRange("k", 6, 0)), "");
  EXPECT_EQ(store_->GetRange("k", 4, 3).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store_->GetRange("k", 7, 0).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store_->GetRange("k", 100, 1).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store_->GetRange("k", UINT64_MAX, 2).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store_->GetRange("none", 0, 1).status().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreContract, AnObjectMayBeEmpty) {
  ASSERT_TRUE(store_->Put("empty", {}).ok());
  EXPECT_EQ(store_->Head("empty")->size_bytes, 0u);
  EXPECT_TRUE(store_->Get("empty")->empty());
  EXPECT_TRUE(VerifyObject(*store_, "empty", {}).ok());
}

TEST_P(ObjectStoreContract, PutIfAbsentKeepsTheFirst) {
  ASSERT_TRUE(store_->PutIfAbsent("k", AsBytes("first")).ok());
  const auto second = [&] { return store_->PutIfAbsent("k", AsBytes("second")).code(); };
  EXPECT_EQ(UntilClear(second), StatusCode::kAlreadyExists);
  EXPECT_EQ(AsText(*store_->Get("k")), "first");
}

TEST_P(ObjectStoreContract, ReplaceNeedsTheVersionThatIsThere) {
  const auto replace = [&](const ObjectVersion& version) {
    return UntilClear([&] { return store_->Replace("k", AsBytes("x"), version).status().code(); });
  };
  EXPECT_EQ(replace("none"), StatusCode::kConflict);
  ASSERT_TRUE(store_->Put("k", AsBytes("one")).ok());
  const auto first = store_->GetVersioned("k");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = store_->Replace("k", AsBytes("two"), first->version);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(store_->GetVersioned("k")->version, *second);
  EXPECT_EQ(replace(first->version), StatusCode::kConflict);
  EXPECT_EQ(AsText(*store_->Get("k")), "two");
  EXPECT_TRUE(store_->Replace("k", AsBytes("three"), *second).ok());
  EXPECT_EQ(AsText(*store_->Get("k")), "three");
}

// Goal: conditional puts make a commit protocol. Method: threads add one to a number in an object
// by reading and replacing; every success must have counted, and nothing that was refused. A store
// whose answers get lost may not know (kUnavailable): then the addition counted or not.
TEST_P(ObjectStoreContract, RacingReplacesLoseNothing) {
  ASSERT_TRUE(store_->Put("counter", AsBytes("0")).ok());
  constexpr int kThreads = 4;
  constexpr int kAdditions = 8;
  std::atomic<int> unclear{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int done = 0; done < kAdditions;) {
        const auto read = store_->GetVersioned("counter");
        ASSERT_TRUE(read.ok()) << read.status();
        const int sum = std::stoi(std::string(AsText(read->bytes)));
        // Different bytes for every racer, as the contract asks for.
        const std::string next = std::to_string(sum + 1) + " by " + std::to_string(i);
        const auto replaced = store_->Replace("counter", AsBytes(next), read->version);
        const StatusCode code = replaced.status().code();
        ASSERT_TRUE(replaced.ok() || code == StatusCode::kConflict ||
                    code == StatusCode::kUnavailable)
            << replaced.status();
        if (replaced.ok()) ++done;
        if (code == StatusCode::kUnavailable) ++unclear;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const int sum = std::stoi(std::string(AsText(*store_->Get("counter"))));
  EXPECT_GE(sum, kThreads * kAdditions);
  EXPECT_LE(sum, kThreads * kAdditions + unclear);
}

TEST_P(ObjectStoreContract, OfRacingCreatorsExactlyOneWins) {
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const Status status = store_->PutIfAbsent("race", AsBytes(std::to_string(i)));
      if (status.ok()) {
        ++winners;
      } else {
        EXPECT_THAT(status.code(),
                    testing::AnyOf(StatusCode::kAlreadyExists, StatusCode::kUnavailable))
            << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

TEST_P(ObjectStoreContract, ListsByPrefixSorted) {
  EXPECT_THAT(Keys(""), testing::IsEmpty());
  for (const char* key : {"b", "a/2", "a/1", "a.x", "ab/1", "a/date=2026-11-22/x_y-z.parquet"}) {
    ASSERT_TRUE(store_->Put(key, AsBytes(key)).ok()) << key;
  }
  EXPECT_THAT(Keys("a"),
              testing::ElementsAre("a.x", "a/1", "a/2", "a/date=2026-11-22/x_y-z.parquet", "ab/1"));
  EXPECT_THAT(Keys("a/"), testing::ElementsAre("a/1", "a/2", "a/date=2026-11-22/x_y-z.parquet"));
  EXPECT_THAT(Keys("c"), testing::IsEmpty());
  EXPECT_EQ(store_->List("b")->front().size_bytes, 1u);
}

TEST_P(ObjectStoreContract, AMissingObjectIsNotFoundAndDeletingItIsFine) {
  EXPECT_EQ(store_->Get("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->Head("none").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store_->Delete("none").ok());
  ASSERT_TRUE(store_->Put("k", AsBytes("x")).ok());
  ASSERT_TRUE(store_->Delete("k").ok());
  EXPECT_EQ(store_->Get("k").status().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreContract, KeysCannotLeaveTheStore) {
  for (const char* key : {"", "/", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a b",
                          "x.tmp", "a?b", "%2e"}) {
    EXPECT_EQ(store_->Put(key, AsBytes("x")).code(), StatusCode::kInvalidArgument) << key;
  }
  EXPECT_EQ(store_->Put(std::string(1025, 'k'), {}).code(), StatusCode::kInvalidArgument);
}

// Sizes around the 8 MiB parts of S3 uploads.
TEST_P(ObjectStoreContract, FilesOfEverySizeArriveWhole) {
  SimDisk disk;
  ASSERT_TRUE(disk.CreateDirectories("/f").ok());
  constexpr size_t kMiB = 1 << 20;
  for (const size_t size : {size_t{0}, size_t{1}, kMiB, 8 * kMiB, 8 * kMiB + 1, 21 * kMiB + 7}) {
    const Bytes content = MakeFile(disk, "/f/file", size);
    const auto put = store_->PutFile("f/object", disk, "/f/file");
    ASSERT_TRUE(put.ok()) << put.status();
    EXPECT_EQ(*put, (ObjectDigest{.size_bytes = size, .crc32c = Crc32c(content)}));
    EXPECT_TRUE(VerifyObject(*store_, "f/object", *put).ok());
    EXPECT_TRUE(*store_->Get("f/object") == content) << "size " << size;
  }
  EXPECT_EQ(store_->PutFile("f/none", disk, "/f/none").status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Keys("f/"), testing::ElementsAre("f/object"));
}

TEST_P(ObjectStoreContract, VerifyingTellsOtherBytesSizesAndAbsence) {
  ASSERT_TRUE(store_->Put("k", AsBytes("content")).ok());
  const ObjectDigest right{.size_bytes = 7, .crc32c = Crc32c(AsBytes("content"))};
  EXPECT_TRUE(VerifyObject(*store_, "k", right).ok());
  const ObjectDigest other_bytes{.size_bytes = 7, .crc32c = right.crc32c ^ 1};
  EXPECT_EQ(VerifyObject(*store_, "k", other_bytes).code(), StatusCode::kCorruption);
  const ObjectDigest other_size{.size_bytes = 8, .crc32c = right.crc32c};
  EXPECT_EQ(VerifyObject(*store_, "k", other_size).code(), StatusCode::kCorruption);
  EXPECT_EQ(VerifyObject(*store_, "none", right).code(), StatusCode::kCorruption);
}

}  // namespace luma::io
