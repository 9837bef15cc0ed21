// Goal: no step of a move, a rewrite or a delete in the cold tier loses or doubles a row, whatever
// fails there: power, the local disk, the object store, or several of them.
// Method: one scripted life of a database on SimDisk and SimObjectStore, in which a table's rows go
// to the cold tier and are deleted, rewritten and truncated there. What opens after the failure
// must be the last acknowledged state, or the next one if a commit was under way; and after one
// more pass the object store holds the objects of the manifest and nothing else.
#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include "base/failpoint.h"
#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;

struct Life {
  std::vector<std::vector<Reading>> states = {{}};  // after each commit, sorted
  size_t acknowledged = 0;

  bool Allows(const std::vector<Reading>& state) const {
    return state == states[acknowledged] ||
           (acknowledged + 1 < states.size() && state == states[acknowledged + 1]);
  }
};

const ManualClock& TestClock() {
  static const ManualClock clock(kColdNow);
  return clock;
}

using StorePtr = std::shared_ptr<io::SimObjectStore>;

Result<std::unique_ptr<StorageEngine>> OpenOn(io::SimDisk& disk, const StorePtr& store) {
  EngineOptions options = TestEngineOptions();
  options.wal_segment_bytes = 1 << 10;
  options.default_policy.warm_age = std::chrono::hours(24);
  options.cold.store = store;
  options.cold.format = std::make_shared<PlainColdFormat>(disk);
  return StorageEngine::Open(options, disk, TestClock());
}

CatalogObjectPtr FindTable(StorageEngine& engine) {
  return engine.Begin()->Catalog().Find(kPublicSchemaId, NameSpace::kRelation, "readings");
}

Result<std::vector<Reading>> ReadState(StorageEngine& engine) {
  const CatalogObjectPtr table = FindTable(engine);
  if (table == nullptr) return std::vector<Reading>();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr snapshot, engine.Read(table->id));
  return SortedReadings(*snapshot);
}

// Steps of a database up to the first local failure. What the object store does wrong ends no life.
class Script {
 public:
  Script(const io::SimDisk& disk, StorageEngine& engine, Life& life)
      : disk_(disk), engine_(engine), life_(life) {}

  void Run() {
    CreateTable();
    Insert(kOld, 6);
    Flush();
    Move();
    Insert(kOld + kHourMillis, 4);
    Delete(kOld);
    Flush();
    Insert(kColdNow - kHourMillis, 2);
    Flush();
    Move();
    Delete(kOld + kHourMillis);
    Delete(kOld + kHourMillis + 60'000);
    Flush();
    Compact();
    Move();
    Insert(kOld + 2 * kHourMillis, 3);
    Flush();
    Delete(kOld + 2 * kHourMillis);  // rewritten before it moves
    Move();
    Truncate();
    Insert(kOld, 2);
    Flush();
    Move();
  }

 private:
  bool goes_on() const { return !failed_ && !disk_.power_lost(); }

  void Commit(const std::function<Status(Transaction&)>& change, std::vector<Reading> next) {
    if (!goes_on()) return;
    auto transaction = engine_.Begin();
    const Status changed = change(*transaction);
    if (!changed.ok()) return CheckExcuse(changed);
    std::sort(next.begin(), next.end());
    life_.states.push_back(std::move(next));
    failed_ = !transaction->Commit().ok();
    if (!failed_) ++life_.acknowledged;
    if (!failed_) CheckRead();
  }
  // A query answers completely, or says that rows are out of reach.
  void CheckRead() {
    const auto rows = ReadState(engine_);
    if (!rows.ok()) return CheckExcuse(rows.status());
    EXPECT_EQ(*rows, life_.states[life_.acknowledged]);
  }
  void CheckExcuse(const Status& status) {
    if (disk_.power_lost()) {
      failed_ = true;
      return;
    }
    EXPECT_TRUE(status.code() == StatusCode::kUnavailable ||
                status.code() == StatusCode::kCorruption || status.code() == StatusCode::kIoError)
        << status;
  }

  std::vector<Reading> now() const { return life_.states[life_.acknowledged]; }
  void CreateTable() {
    Commit([](Transaction& t) { return t.CreateObject(ReadingsTable()).status(); }, {});
  }
  void Insert(UnixMillis from, int count) {
    std::vector<Reading> readings;
    for (int i = 0; i < count; ++i) {
      readings.push_back({i % 2, from + i * 60'000, -0.0 * i, "note " + std::to_string(i)});
    }
    std::vector<Reading> next = now();
    next.insert(next.end(), readings.begin(), readings.end());
    Commit([&](Transaction& t) { return AppendReadings(t, FindTable(engine_)->id, readings); },
           next);
  }
  void Delete(UnixMillis at) {
    std::vector<Reading> next = now();
    std::erase_if(next, [&](const Reading& reading) { return reading.at == at; });
    Commit(
        [&](Transaction& t) -> Status {
          const ObjectId table = FindTable(engine_)->id;
          LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr snapshot, t.Read(table));
          LUMA_ASSIGN_OR_RETURN(const ReadingsById readings, ReadReadings(*snapshot));
          std::vector<RowId> ids;
          for (const auto& [id, reading] : readings) {
            if (reading.at == at) ids.push_back(id);
          }
          return t.Delete(table, ids).status();
        },
        next);
  }
  void Truncate() {
    Commit([&](Transaction& t) { return t.Truncate(FindTable(engine_)->id); }, {});
  }
  void Flush() {
    if (goes_on()) failed_ = !engine_.Flush().ok();
  }
  void Move() {
    if (goes_on()) static_cast<void>(engine_.MoveCold({.free_bytes_min = 0}).ok());
    if (goes_on()) CheckRead();
  }
  void Compact() {
    if (goes_on()) static_cast<void>(engine_.Compact({.free_bytes_min = 0}).ok());
    if (goes_on()) CheckRead();
  }

  const io::SimDisk& disk_;
  StorageEngine& engine_;
  Life& life_;
  bool failed_ = false;
};

Life Live(io::SimDisk& disk, const StorePtr& store) {
  Life life;
  auto engine = OpenOn(disk, store);
  if (engine.ok()) Script(disk, **engine, life).Run();
  return life;
}

// The rows are there, stay there when everything moves that can, and nothing else is in the store.
void ExpectRecovers(io::SimDisk& disk, const StorePtr& store, const Life& life) {
  store->SetScript({});
  std::vector<Reading> recovered;
  for (const bool reopened : {false, true}) {
    auto engine = OpenOn(disk, store);
    ASSERT_TRUE(engine.ok()) << engine.status();
    const auto rows = ReadState(**engine);
    ASSERT_TRUE(rows.ok()) << rows.status();
    if (!reopened) {
      EXPECT_TRUE(life.Allows(*rows)) << "acknowledged commits: " << life.acknowledged;
      recovered = *rows;
    }
    EXPECT_EQ(*rows, recovered);
    LUMA_ASSERT_OK((*engine)->Flush());
    LUMA_ASSERT_OK((*engine)->MoveCold({.free_bytes_min = 0}));
    EXPECT_EQ(*ReadState(**engine), recovered);
    uint64_t objects = 0;
    for (const io::ObjectInfo& object : *store->List("")) {
      if (!object.key.ends_with(".json")) ++objects;
    }
    EXPECT_EQ(objects, 2 * (*engine)->Report().cold.objects);
  }
}

class ColdCrashTest : public testing::Test {
 protected:
  ColdCrashTest() { SetLogLevel(LogLevel::kOff); }
  ~ColdCrashTest() override {
    SetLogLevel(LogLevel::kWarn);
    EXPECT_TRUE(failpoint::Arm("").ok());
  }
};

uint64_t StepsOfLife() {
  return io::CountIoSteps([](io::SimDisk& disk) {
    const auto store = std::make_shared<io::SimObjectStore>();
    const Life life = Live(disk, store);
    LUMA_CHECK(life.acknowledged + 1 == life.states.size());
  });
}

TEST_F(ColdCrashTest, NothingIsLostByAPowerLossAtAnyStep) {
  const uint64_t steps = StepsOfLife();
  EXPECT_GT(steps, 200);
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "power lost at step " << step);
    const auto store = std::make_shared<io::SimObjectStore>();
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    const Life life = Live(disk, store);
    io::SimDisk after = disk.Reboot();
    ExpectRecovers(after, store, life);
    if (HasFailure()) return;
  }
}

TEST_F(ColdCrashTest, NothingIsLostByALocalErrorAtAnyStep) {
  const uint64_t steps = StepsOfLife();
  for (const StatusCode code : {StatusCode::kIoError, StatusCode::kDiskFull}) {
    for (uint64_t step = 0; step < steps; ++step) {
      SCOPED_TRACE(testing::Message() << StatusCodeName(code) << " at step " << step);
      const auto store = std::make_shared<io::SimObjectStore>();
      io::SimDisk disk({.fault = io::SimFault{.step = step, .code = code}});
      const Life life = Live(disk, store);
      io::SimDisk after = disk.Reboot();
      ExpectRecovers(after, store, life);
      if (HasFailure()) return;
    }
  }
}

TEST_F(ColdCrashTest, NothingIsLostByACrashAtAnyFailpoint) {
  for (const char* const point :
       {"cold.before_claim", "cold.after_claim", "cold.before_write", "cold.after_write",
        "cold.after_compare", "cold.before_upload", "cold.after_upload", "cold.after_verify",
        "cold.after_sidecar_upload", "cold.after_sidecar", "cold.before_install",
        "cold.before_manifest", "cold.after_manifest"}) {
    for (int hit = 1; hit <= 4; ++hit) {
      SCOPED_TRACE(testing::Message() << point << ":" << hit);
      for (const bool powered : {true, false}) {
        const auto store = std::make_shared<io::SimObjectStore>();
        io::SimDisk disk;
        LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":" + std::to_string(hit) + ":error"));
        const Life life = Live(disk, store);
        LUMA_ASSERT_OK(failpoint::Arm(""));
        io::SimDisk after = powered ? disk.Restart() : disk.Reboot();
        ExpectRecovers(after, store, life);
      }
      if (HasFailure()) return;
    }
  }
}

// Faults of all kinds but two, against which no order of steps can help: an object that the store
// has given back before vanishes, and one that is damaged is read with the very same bit flipped
// back.
io::SimObjectStore::Script Misbehaviour(uint64_t seed, double probability) {
  using enum io::ObjectFaultKind;
  const auto faults = io::SeededFaults(
      seed, probability, {kErrorBefore, kErrorAfter, kWrongBytes, kCutShort, kVanish, kStaleList});
  const auto damaged = std::make_shared<std::set<std::string>>();
  return [faults, damaged](io::ObjectOperation operation, const std::string& key) {
    io::ObjectFault fault = faults(operation, key);
    const bool is_plain_put =
        operation == io::ObjectOperation::kPut || operation == io::ObjectOperation::kPutFile;
    const bool is_put = is_plain_put || operation == io::ObjectOperation::kPutIfAbsent ||
                        operation == io::ObjectOperation::kReplace;
    if (fault.kind == kVanish && !is_plain_put) fault.kind = kErrorBefore;
    if (fault.kind == kWrongBytes && is_put) damaged->insert(key);
    if (fault.kind == kWrongBytes && !is_put && damaged->contains(key)) fault.kind = kErrorBefore;
    return fault;
  };
}

// RELIABILITY.md D13: 200 scripts of a misbehaving store, each with five points at which power is
// lost. A store that loses an object that it has given back before is beyond what any order of
// steps can help, so objects vanish only from puts.
TEST_F(ColdCrashTest, NothingIsLostByAMisbehavingStoreAndACrash) {
  constexpr uint64_t kScripts = 200;
  constexpr int kCrashPoints = 5;
  const uint64_t steps = StepsOfLife();
  const uint64_t first_seed = encoding::testing::TestSeed();
  for (uint64_t seed = first_seed; seed < first_seed + kScripts; ++seed) {
    LUMA_TRACE_SEED(seed);
    std::mt19937_64 random(seed);
    const double probability = 0.05 + 0.4 * static_cast<double>(random() % 100) / 100;
    for (int crash = 0; crash < kCrashPoints; ++crash) {
      const uint64_t step = random() % steps;
      SCOPED_TRACE(testing::Message() << "power lost at step " << step);
      const auto store = std::make_shared<io::SimObjectStore>();
      store->SetScript(
          Misbehaviour(seed * kCrashPoints + static_cast<uint64_t>(crash), probability));
      io::SimDisk disk({.power_loss_step = step, .seed = seed});
      const Life life = Live(disk, store);
      io::SimDisk after = disk.Reboot();
      ExpectRecovers(after, store, life);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace luma::storage
