#include "storage/cold/object_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "io/sim_disk.h"
#include "io/sim_object_store.h"

namespace luma::storage {
namespace {

using io::ObjectFault;
using io::ObjectFaultKind;
using io::ObjectOperation;

constexpr uint64_t kPiece = kCachePieceBytes;
constexpr uint64_t kObjectBytes = 3 * kPiece + 100'001;  // the last piece is short
constexpr int kPieces = 4;

// One object in a store that counts fetches, and a cache for it on a simulated disk.
class ObjectCacheTest : public ::testing::Test {
 protected:
  ObjectCacheTest() {
    std::mt19937_64 random(1);
    content_.resize(kObjectBytes);
    for (std::byte& byte : content_) byte = static_cast<std::byte>(random());
    EXPECT_TRUE(store_->Put("t/object", content_).ok());
    SetFault({});
    Open(64 << 20);
  }

  void Open(uint64_t bytes_max) {
    auto cache = ObjectCache::Open(disk_, "/cache", bytes_max, store_, budget_);
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *cache;
    object_ = cache_->Object(
        {.key = "t/object", .size_bytes = kObjectBytes, .crc32c = ChecksumsOf(content_)});
  }
  // Gives the first `times` fetches from now on a fault.
  void SetFault(ObjectFault fault, int times = INT32_MAX) {
    store_->SetScript([this, fault, times](ObjectOperation operation, const std::string&) mutable {
      if (operation != ObjectOperation::kGetRange) return ObjectFault{};
      ++fetches_;
      return times-- > 0 ? fault : ObjectFault{};
    });
  }
  Status ReadRange(uint64_t offset, size_t length) {
    Bytes out(length);
    LUMA_RETURN_IF_ERROR(object_->Read(offset, out));
    if (std::equal(out.begin(), out.end(), content_.begin() + static_cast<ptrdiff_t>(offset))) {
      return Status::Ok();
    }
    return Status::Internal("wrong bytes were handed out: offset=", offset, " length=", length);
  }
  Status ReadAll() { return ReadRange(0, kObjectBytes); }

  io::SimDisk disk_;
  std::shared_ptr<io::SimObjectStore> store_ = std::make_shared<io::SimObjectStore>();
  MemoryBudget budget_{1 << 30};
  Bytes content_;
  std::atomic<int> fetches_{0};
  std::shared_ptr<ObjectCache> cache_;
  std::shared_ptr<const ColdBytes> object_;
};

TEST_F(ObjectCacheTest, EveryRangeIsThatOfTheObjectAndEveryPieceIsFetchedOnce) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i) {
    const uint64_t offset = random() % kObjectBytes;
    ASSERT_EQ(ReadRange(offset, random() % (kObjectBytes - offset + 1)).message(), "");
  }
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_TRUE(ReadRange(kObjectBytes, 0).ok());
  EXPECT_EQ(fetches_, kPieces);
  EXPECT_EQ(cache_->bytes(), kObjectBytes);
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

TEST_F(ObjectCacheTest, ReadsPastTheEndAreRefused) {
  EXPECT_EQ(ReadRange(kObjectBytes - 1, 2).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(ReadRange(UINT64_MAX, 2).code(), StatusCode::kOutOfRange);
}

TEST_F(ObjectCacheTest, WhenTheStoreKeptOneReaderWaitingInVainTheNextOnesFailAtOnce) {
  ManualClock clock(0);
  bool is_down = true;
  store_->SetScript([&](ObjectOperation, const std::string&) {
    ++fetches_;
    if (!is_down) return ObjectFault{};
    clock.Advance(std::chrono::minutes(1));
    return ObjectFault{.kind = ObjectFaultKind::kErrorBefore};
  });
  cache_ = *ObjectCache::Open(disk_, "/slow", 64 << 20, store_, budget_, clock);
  object_ = cache_->Object(
      {.key = "t/object", .size_bytes = kObjectBytes, .crc32c = ChecksumsOf(content_)});
  for (int reader = 0; reader < 3; ++reader) {
    EXPECT_EQ(ReadAll().code(), StatusCode::kUnavailable);
    EXPECT_EQ(fetches_, 1);
  }
  is_down = false;
  clock.Advance(StoreBreaker::kPause);
  EXPECT_TRUE(ReadAll().ok());
}

TEST_F(ObjectCacheTest, PiecesSurviveARestart) {
  ASSERT_TRUE(ReadAll().ok());
  Open(64 << 20);
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_EQ(fetches_, kPieces);
}

// Goal: whatever a power cut leaves of files that were never synced, reads are right.
TEST_F(ObjectCacheTest, WhatAPowerCutLeavesIsVerified) {
  ASSERT_TRUE(ReadAll().ok());
  for (uint64_t seed = 0; seed < 8; ++seed) {
    io::SimDisk after = disk_.Reboot({.seed = seed});
    auto cache = ObjectCache::Open(after, "/cache", 64 << 20, store_, budget_);
    ASSERT_TRUE(cache.ok()) << cache.status();
    object_ = (*cache)->Object(
        {.key = "t/object", .size_bytes = kObjectBytes, .crc32c = ChecksumsOf(content_)});
    EXPECT_EQ(ReadAll().message(), "") << "seed " << seed;
    object_.reset();
  }
}

TEST_F(ObjectCacheTest, DamagedPiecesAreFetchedAgain) {
  ASSERT_TRUE(ReadAll().ok());
  const auto names = disk_.List("/cache");
  ASSERT_EQ(names->size(), static_cast<size_t>(kPieces));
  for (const std::string& name : *names) disk_.FlipBit(io::JoinPath("/cache", name), 70'000, 3);
  EXPECT_TRUE(ReadRange(0, 60'000).ok());  // before the damage
  EXPECT_EQ(fetches_, kPieces);
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_EQ(fetches_, 2 * kPieces);
}

TEST_F(ObjectCacheTest, PiecesThatWereCutOrRemovedAreFetchedAgain) {
  ASSERT_TRUE(ReadAll().ok());
  const auto names = disk_.List("/cache");
  ASSERT_TRUE(disk_.Remove(io::JoinPath("/cache", names->at(0))).ok());
  ASSERT_TRUE(disk_.Create(io::JoinPath("/cache", names->at(1)), io::CreateMode::kTruncate).ok());
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_EQ(fetches_, kPieces + 2);
  EXPECT_EQ(cache_->bytes(), kObjectBytes);
}

TEST_F(ObjectCacheTest, TheLeastRecentlyUsedPieceLeavesFirst) {
  Open(2 * kPiece);
  for (const uint64_t piece : {0u, 1u, 0u, 2u, 0u}) {
    ASSERT_TRUE(ReadRange(piece * kPiece, 10).ok());
  }
  EXPECT_EQ(fetches_, 3);
  EXPECT_EQ(cache_->bytes(), 2 * kPiece);
  EXPECT_EQ(disk_.List("/cache")->size(), 2u);
  ASSERT_TRUE(ReadRange(kPiece, 10).ok());
  EXPECT_EQ(fetches_, 4);
}

TEST_F(ObjectCacheTest, ASmallerLimitShrinksWhatIsThere) {
  ASSERT_TRUE(ReadAll().ok());
  Open(2 * kPiece);
  EXPECT_LE(cache_->bytes(), 2 * kPiece);
  EXPECT_EQ(disk_.List("/cache")->size(), 2u);
  EXPECT_TRUE(ReadAll().ok());
}

TEST_F(ObjectCacheTest, AFullDiskServesWithoutKeeping) {
  disk_.SetCapacity(PieceFiles::kFreeBytesMin);
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_EQ(cache_->bytes(), 0u);
}

TEST_F(ObjectCacheTest, AFailingDiskServesWithoutKeeping) {
  disk_.SetFault(io::SimFault{.step = disk_.steps() + 1, .forever = true});  // the first Append
  EXPECT_TRUE(ReadAll().ok());
  EXPECT_EQ(cache_->bytes(), 0u);
}

TEST_F(ObjectCacheTest, ReadersOfOnePieceShareOneFetch) {
  SetFault({.delay = std::chrono::milliseconds(50)});
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] { EXPECT_EQ(ReadRange(kPiece + 5, 1000).message(), ""); });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(fetches_, 1);
}

TEST_F(ObjectCacheTest, ManyReadersInATightCacheGetTheRightBytes) {
  Open(2 * kPiece);
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      std::mt19937_64 random(i);
      for (int reads = 0; reads < 100; ++reads) {
        const uint64_t offset = random() % (kObjectBytes - 100'000);
        ASSERT_EQ(ReadRange(offset, random() % 100'000).message(), "");
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_LE(cache_->bytes(), 2 * kPiece);
}

TEST_F(ObjectCacheTest, WrongBytesAndShortAnswersAreFetchedAgain) {
  for (const ObjectFaultKind kind : {ObjectFaultKind::kWrongBytes, ObjectFaultKind::kCutShort}) {
    Open(0);
    SetFault({.kind = kind}, 2);
    EXPECT_EQ(ReadAll().message(), "");
  }
}

TEST_F(ObjectCacheTest, WhatTheStoreNeverGivesIsAnErrorThatNamesTheObject) {
  const auto error_of = [&](ObjectFault fault) {
    SetFault(fault);
    const Status status = ReadAll();
    EXPECT_NE(status.message().find("t/object"), std::string::npos) << status;
    return status.code();
  };
  EXPECT_EQ(error_of({.kind = ObjectFaultKind::kWrongBytes}), StatusCode::kCorruption);
  EXPECT_EQ(error_of({.kind = ObjectFaultKind::kCutShort}), StatusCode::kCorruption);
  EXPECT_EQ(error_of({.kind = ObjectFaultKind::kErrorBefore}), StatusCode::kUnavailable);
  EXPECT_EQ(error_of({.kind = ObjectFaultKind::kErrorBefore, .error = Status::IoError("e")}),
            StatusCode::kUnavailable);
  EXPECT_EQ(error_of({.kind = ObjectFaultKind::kVanish}), StatusCode::kNotFound);
  EXPECT_EQ(cache_->bytes(), 0u);
}

TEST_F(ObjectCacheTest, AFullBudgetIsOutOfMemory) {
  budget_.SetLimit(kPiece / 2);
  EXPECT_EQ(ReadAll().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

}  // namespace
}  // namespace luma::storage
