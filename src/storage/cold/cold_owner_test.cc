// Two servers on copies of one data directory find each other out before they do harm, and a store
// that is not the one is no damage.
#include "storage/cold/cold_owner.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <utility>

#include "base/log.h"
#include "io/sim_disk.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

const OwnerToken kToken = "00112233445566778899aabbccddeeff";
const OwnerToken kOther = "ffeeddccbbaa99887766554433221100";

// docs/formats/cold_owner.md.
TEST(ColdOwnerFormatTest, ObjectAndFileAreAsDocumented) {
  EXPECT_EQ(OwnerObjectText(kToken),
            R"({"format":"lumadb-owner","version":1,"token":"00112233445566778899aabbccddeeff",)"
            R"("crc32c":"dbe10d20"})"
            "\n");
  EXPECT_EQ(ParseOwnerObject(OwnerObjectText(kToken)), kToken);
  const OwnerTokens tokens{.proven = kToken, .pending = kOther};
  EXPECT_EQ(OwnerFileText(tokens),
            "lumadb-owner 1\nproven 00112233445566778899aabbccddeeff\n"
            "pending ffeeddccbbaa99887766554433221100\ncrc32c cf6c83d6\n");
}

TEST(ColdOwnerFormatTest, FilesAreReadBack) {
  for (const OwnerTokens& tokens :
       {OwnerTokens{}, OwnerTokens{.proven = kToken, .pending = std::nullopt},
        OwnerTokens{.proven = std::nullopt, .pending = kOther},
        OwnerTokens{.proven = kToken, .pending = kOther}}) {
    const auto read = ParseOwnerFile(OwnerFileText(tokens));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->proven, tokens.proven);
    EXPECT_EQ(read->pending, tokens.pending);
  }
}

TEST(ColdOwnerFormatTest, EveryChangedOrMissingByteIsFoundOut) {
  const std::string object = OwnerObjectText(kToken);
  const std::string file = OwnerFileText({.proven = kToken, .pending = kOther});
  for (const int bit : {0, 3, 5}) {
    for (size_t at = 0; at < object.size(); ++at) {
      std::string changed = object;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(ParseOwnerObject(changed)) << at;
    }
    for (size_t at = 0; at < file.size(); ++at) {
      std::string changed = file;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      EXPECT_FALSE(ParseOwnerFile(changed).ok()) << at;
    }
  }
  for (size_t size = 0; size < object.size(); ++size) {
    EXPECT_FALSE(ParseOwnerObject(object.substr(0, size)));
  }
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseOwnerFile(file.substr(0, size)).ok());
  }
}

class ColdOwnerTest : public testing::Test {
 protected:
  ColdOwner Owner(io::SimDisk& disk) {
    return ColdOwner(disk, "/cold/owner", store_, "p/owner.json");
  }
  io::SimDisk MakeDisk() {
    io::SimDisk disk;
    LUMA_EXPECT_OK(disk.CreateDirectories("/cold"));
    return disk;
  }
  // The next calls of one operation get these faults.
  void SetFaults(io::ObjectOperation wanted, std::vector<io::ObjectFaultKind> kinds) {
    store_->SetScript([wanted, kinds, next = size_t{0}](io::ObjectOperation operation,
                                                        const std::string&) mutable {
      if (operation != wanted || next == kinds.size()) return io::ObjectFault();
      return io::ObjectFault{.kind = kinds[next++]};
    });
  }

  const std::shared_ptr<io::SimObjectStore> store_ = std::make_shared<io::SimObjectStore>();
};

TEST_F(ColdOwnerTest, OneDataDirectoryGoesOnOverRestarts) {
  io::SimDisk disk = MakeDisk();
  std::set<std::string> marks;
  for (int start = 0; start < 3; ++start) {
    ColdOwner owner = Owner(disk);
    for (int claim = 0; claim < 2; ++claim) LUMA_EXPECT_OK(owner.Claim());
    LUMA_EXPECT_OK(owner.CheckMark());
    marks.insert(std::string(AsText(*store_->Get("p/owner.json"))));
  }
  EXPECT_THAT(marks, SizeIs(3)) << "a new token each time";
}

TEST_F(ColdOwnerTest, OfTwoCopiesTheFirstThatActsGoesOn) {
  io::SimDisk disk = MakeDisk();
  ColdOwner original = Owner(disk);
  LUMA_ASSERT_OK(original.Claim());
  io::SimDisk copied = disk.Restart();
  ColdOwner copy = Owner(copied);
  LUMA_EXPECT_OK(copy.Claim());
  EXPECT_EQ(original.Claim().code(), StatusCode::kReadOnly);
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kReadOnly) << "after a restart too";
  LUMA_EXPECT_OK(copy.Claim());
}

TEST_F(ColdOwnerTest, OnlyOneOfTwoThatActInTheSameMomentGoesOn) {
  io::SimDisk disk = MakeDisk();
  LUMA_ASSERT_OK(Owner(disk).Claim());
  io::SimDisk copied = disk.Restart();
  bool is_first = true;
  store_->SetScript([&](io::ObjectOperation operation, const std::string&) {
    if (operation != io::ObjectOperation::kReplace || !std::exchange(is_first, false)) {
      return io::ObjectFault();
    }
    // The other one was faster.
    return io::ObjectFault{.kind = io::ObjectFaultKind::kErrorBefore,
                           .error = Status::Conflict("another version")};
  });
  EXPECT_EQ(Owner(copied).Claim().code(), StatusCode::kReadOnly);
  LUMA_EXPECT_OK(Owner(disk).Claim());
}

TEST_F(ColdOwnerTest, AStoreThatHasLostTheMarkIsNotTheOne) {
  io::SimDisk disk = MakeDisk();
  ColdOwner owner = Owner(disk);
  LUMA_EXPECT_OK(owner.CheckMark()) << "nothing was ever claimed";
  LUMA_ASSERT_OK(owner.Claim());
  LUMA_ASSERT_OK(store_->Delete("p/owner.json"));
  for (const Status& status : {owner.Claim(), owner.CheckMark(), Owner(disk).Claim()}) {
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr("not mounted"));
  }
  EXPECT_THAT(*store_->List(""), IsEmpty());
}

TEST_F(ColdOwnerTest, ADirectoryWithoutTheFileTakesNothingOver) {
  io::SimDisk disk = MakeDisk();
  LUMA_ASSERT_OK(Owner(disk).Claim());
  LUMA_ASSERT_OK(disk.Remove("/cold/owner"));
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kReadOnly);
  LUMA_ASSERT_OK(store_->Delete("p/owner.json"));  // what the guide tells an operator to do
  LUMA_EXPECT_OK(Owner(disk).Claim());
}

TEST_F(ColdOwnerTest, APutThatFailedOrGotLostIsMadeUpFor) {
  using enum io::ObjectFaultKind;
  for (const auto operation : {io::ObjectOperation::kPutIfAbsent, io::ObjectOperation::kReplace}) {
    const bool is_first = operation == io::ObjectOperation::kPutIfAbsent;
    for (const io::ObjectFaultKind kind :
         {kErrorBefore, kErrorAfter, kWrongBytes, kCutShort, kVanish}) {
      // A store that loses a mark it once had cannot be told from another store.
      if (kind == kVanish && !is_first) continue;
      for (const bool restarts : {false, true}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(kind) << restarts);
        LUMA_ASSERT_OK(store_->Delete("p/owner.json"));
        io::SimDisk disk = MakeDisk();
        ColdOwner owner = Owner(disk);
        if (!is_first) LUMA_ASSERT_OK(owner.Claim());
        SetFaults(operation, {kind});
        EXPECT_EQ(owner.Claim().code(), StatusCode::kUnavailable);
        LUMA_EXPECT_OK(restarts ? Owner(disk).Claim() : owner.Claim());
        store_->SetScript({});
        LUMA_EXPECT_OK(Owner(disk).Claim());
      }
    }
  }
}

// The store has the pending token, is read wrong, and then takes no put: the pending one may not be
// forgotten meanwhile.
TEST_F(ColdOwnerTest, APendingTokenIsNotForgotten) {
  io::SimDisk disk = MakeDisk();
  LUMA_ASSERT_OK(Owner(disk).Claim());
  SetFaults(io::ObjectOperation::kReplace, {io::ObjectFaultKind::kErrorAfter});
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kUnavailable);
  store_->SetScript([](io::ObjectOperation operation, const std::string&) {
    return io::ObjectFault{.kind = operation == io::ObjectOperation::kGet
                                       ? io::ObjectFaultKind::kWrongBytes
                                       : io::ObjectFaultKind::kErrorBefore};
  });
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kUnavailable);
  store_->SetScript({});
  LUMA_EXPECT_OK(Owner(disk).Claim());
}

// The server is stopped in the middle of a claim, and the directory is not mounted at the next
// start.
TEST_F(ColdOwnerTest, AClaimThatWasCutOffExcusesNoMissingMark) {
  io::SimDisk disk = MakeDisk();
  LUMA_ASSERT_OK(Owner(disk).Claim());
  SetFaults(io::ObjectOperation::kReplace, {io::ObjectFaultKind::kErrorAfter});
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kUnavailable);
  LUMA_ASSERT_OK(store_->Delete("p/owner.json"));
  EXPECT_EQ(Owner(disk).Claim().code(), StatusCode::kUnavailable);
  EXPECT_THAT(*store_->List(""), IsEmpty());
}

TEST_F(ColdOwnerTest, AStoreWithoutConditionsGetsPlainPuts) {
  store_->SetScript([](io::ObjectOperation operation, const std::string&) {
    const bool is_conditional = operation == io::ObjectOperation::kPutIfAbsent ||
                                operation == io::ObjectOperation::kReplace;
    if (!is_conditional) return io::ObjectFault();
    return io::ObjectFault{.kind = io::ObjectFaultKind::kErrorBefore,
                           .error = Status::Unsupported("ignores conditions")};
  });
  io::SimDisk disk = MakeDisk();
  for (int claim = 0; claim < 3; ++claim) LUMA_EXPECT_OK(Owner(disk).Claim());
}

TEST_F(ColdOwnerTest, DamageIsNamed) {
  io::SimDisk disk = MakeDisk();
  LUMA_ASSERT_OK(Owner(disk).Claim());
  LUMA_ASSERT_OK(store_->Put("p/owner.json", AsBytes("damage")));
  const Status object = Owner(disk).Claim();
  EXPECT_EQ(object.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(object.message()), HasSubstr("p/owner.json"));
  LUMA_ASSERT_OK(io::WriteFileAtomically(disk, "/cold/owner", AsBytes("damage")));
  const Status file = Owner(disk).Claim();
  EXPECT_EQ(file.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(file.message()), HasSubstr("/cold/owner"));
}

// ---- the same with whole engines

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;

class ColdOwnersTest : public ColdTest {
 protected:
  ColdOwnersTest() { SetLogLevel(LogLevel::kOff); }
  ~ColdOwnersTest() override { SetLogLevel(LogLevel::kInfo); }
};

TEST_F(ColdOwnersTest, ACopyOfADataDirectoryTouchesNothingThatTheOriginalHasMovedSince) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  io::SimDisk copied = disk_.Restart();
  InsertAndFlush(table, kOld + kHourMillis, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  const std::vector<std::string> objects = AllObjects();
  const std::vector<Reading> all = MustRead(table);
  EngineOptions options = options_;
  options.cold.format = std::make_shared<PlainColdFormat>(copied);
  auto copy = StorageEngine::Open(options, copied, clock_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ((*copy)->MoveCold().code(), StatusCode::kReadOnly);
  EXPECT_EQ(SortedReadings(**(*copy)->Read(table))->size(), 60u) << "it reads on";
  auto transaction = (*copy)->Begin();
  LUMA_ASSERT_OK(transaction->Truncate(table));
  LUMA_ASSERT_OK(transaction->Commit());
  LUMA_ASSERT_OK((*copy)->Flush());
  EXPECT_EQ((*copy)->MoveCold().code(), StatusCode::kReadOnly);
  EXPECT_EQ(AllObjects(), objects);
  LUMA_EXPECT_OK(engine_->MoveCold());
  Reopen();
  EXPECT_EQ(MustRead(table), all);
}

TEST_F(ColdOwnersTest, AMoveKeepsItsSegmentFileWhenTheTierIsClaimedMeanwhile) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  InsertAndFlush(table, kOld + kHourMillis, 60);
  const std::vector<Reading> before = MustRead(table);
  std::string mark;
  for (const std::string& key : AllObjects()) {
    if (key.ends_with("/owner.json")) mark = key;
  }
  disk_.SetSyncHook([&](const io::Path&) {
    if (Objects().size() < 4) return;  // not before the new object and its sidecar are there
    LUMA_EXPECT_OK(store_->Put(mark, AsBytes(OwnerObjectText(kOther))));
  });
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kReadOnly);
  disk_.SetSyncHook({});
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kWarm));
  EXPECT_THAT(Segments(), SizeIs(1));
  EXPECT_EQ(MustRead(table), before);
}

// As a mount that is missing: before, its objects were reported as lost.
TEST_F(ColdOwnersTest, AnEmptyStoreIsOutOfReachAndNotDamaged) {
  const ObjectId table = CreateTable();
  options_.cold.cache_bytes_max = 0;
  Reopen();
  const std::vector<Reading> all = InsertAndFlush(table, kOld, 60);
  LUMA_ASSERT_OK(engine_->MoveCold());
  InsertAndFlush(table, kOld + kHourMillis, 60);
  std::map<std::string, Bytes> content;
  for (const std::string& key : AllObjects()) {
    content[key] = *store_->Get(key);
    LUMA_ASSERT_OK(store_->Delete(key));
  }
  Reopen();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(Read(table).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kUnavailable);
  EXPECT_THAT(AllObjects(), IsEmpty()) << "nothing is put into another store";
  for (const auto& [key, bytes] : content) LUMA_ASSERT_OK(store_->Put(key, bytes));
  LUMA_EXPECT_OK(engine_->MoveCold());
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kCold));
  EXPECT_THAT(MustRead(table), IsSupersetOf(all));
}

}  // namespace
}  // namespace luma::storage
