// Goal: acknowledged commits survive a power loss at every I/O step of writing, flushing, merging,
// changing the manifest and recovering; a commit is there whole or not at all; nothing is invented.
// Method: one scripted life of a database on SimDisk. After each commit the script notes what the
// database must look like. Power goes at step k, for k = 0, 1, ...; what opens afterwards must be
// the last acknowledged state, or the next one if a commit was under way.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "base/failpoint.h"
#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using State = std::map<std::string, std::vector<TestRow>>;  // rows by table, sorted

struct Life {
  std::vector<State> states = {State()};  // after each commit, the one under way included
  size_t acknowledged = 0;                // index of the last one that was acknowledged
  size_t flushed = 0;                     // index of the one that the last flush saw

  bool Allows(const State& state) const {
    return state == states[acknowledged] ||
           (acknowledged + 1 < states.size() && state == states[acknowledged + 1]);
  }
};

// What a database goes through, up to the first error.
class Script {
 public:
  Script(const io::SimDisk& disk, StorageEngine& engine, Life& life)
      : disk_(disk), engine_(engine), life_(life) {}

  void Run() {
    Commit([&] { Create({.name = "plain"}); });
    Commit([&] {
      Create({.name = "sorted", .has_key = false, .sorted = true});
      Insert("plain", {{1, "one"}, {2, std::nullopt}});
    });
    Commit([&] { Insert("sorted", {{9, "i"}, {4, "d"}, {7, "g"}}); });
    Commit([&] {
      Delete("plain", 1);
      Insert("plain", {{1, "one again, in more than twelve bytes"}});
      Insert("sorted", {{1, "a"}});
    });
    Flush();
    Commit([&] {
      Delete("sorted", 7);  // by its new position
      Delete("plain", 2);
      Insert("sorted", {{8, "h"}, {3, "c"}});
    });
    Commit([&] {
      Create({.name = "dropped"});
      std::vector<TestRow> many;
      for (int64_t i = 0; i < 300; ++i) many.push_back({i, std::to_string(i)});
      Insert("dropped", many);
    });
    Flush();
    Commit([&] { Drop("dropped"); });
    Commit([&] {
      Delete("sorted", 8);
      Delete("sorted", 9);
    });
    Commit([&] {
      Truncate("plain");
      Insert("plain", {{5, "five"}});
    });
    Flush();
    Flush();
    Commit([&] { Insert("plain", {{6, "six"}}); });
    FlushSealedOnly();
    Merge();
  }

  // Merges of runs with and without a sort key and a unique key, with deletes before, during and
  // after them, some of which a replay meets by the positions of the merged run.
  void Merge() {
    Commit([&] {
      Insert("plain", {{61, "a"}, {62, "b"}});
      Insert("sorted", {{66, "f"}, {61, "a"}, {63, "c"}});
    });
    Flush();
    Commit([&] {
      Delete("sorted", 63);
      Insert("plain", {{63, "c"}});
      Insert("sorted", {{62, "b"}, {64, "d"}});
    });
    Flush();
    Commit([&] { Delete("plain", 61); });
    Compact();
    Commit([&] {
      Delete("sorted", 64);
      Delete("plain", 63);
      Insert("plain", {{61, "a again"}});
    });
    FlushSealed();
    Commit([&] { Delete("sorted", 66); });
    Flush();
    Compact();
    Commit([&] {
      Truncate("plain");
      Insert("plain", {{65, "e"}});
    });
    Compact();
  }

  // Sealed runs move to disk while older rows stay in the log: a replay meets rows that are in
  // segment files, and deletes by the positions of either order.
  void FlushSealedOnly() {
    Commit([&] { Insert("sorted", {{33, "x"}, {31, "y"}, {32, "z"}, {30, "w"}}); });  // a run
    Commit([&] { Delete("sorted", 31); });
    FlushSealed();
    Commit([&] {
      Delete("sorted", 33);
      Insert("plain", {{7, "seven"}});
    });
    FlushSealed();
    Commit([&] { Delete("sorted", 30); });
    Commit([&] { Insert("sorted", {{43, "x"}, {41, "y"}, {42, "z"}}); });
    FlushSealed();
    Commit([&] {
      Truncate("sorted");
      Insert("sorted", {{53, "x"}, {51, "y"}, {52, "z"}});
    });
    FlushSealed();
    Commit([&] { Delete("sorted", 53); });
    Flush();
  }

  void RunAtRandom(std::mt19937_64& random, int steps) {
    for (int step = 0; step < steps && goes_on(); ++step) {
      const uint64_t choice = random() % 20;
      if (choice == 0) {
        Flush();
      } else if (choice < 3) {
        FlushSealed();
      } else if (choice < 5) {
        Compact();
      } else {
        Commit([&] { ChangeAtRandom(random); });
      }
    }
  }

 private:
  bool goes_on() const { return !failed_ && !disk_.power_lost(); }

  void Commit(const std::function<void()>& change) {
    if (!goes_on()) return;
    transaction_ = engine_.Begin();
    next_ = life_.states[life_.acknowledged];
    change();
    for (auto& [name, rows] : next_) std::ranges::sort(rows);
    life_.states.push_back(next_);
    failed_ = !transaction_->Commit().ok();
    if (!failed_) ++life_.acknowledged;
    transaction_.reset();
  }
  void ChangeAtRandom(std::mt19937_64& random) {
    for (const bool sorted : {false, true}) {
      const std::string name = sorted ? "sorted" : "plain";
      if (!next_.contains(name)) Create({.name = name, .has_key = !sorted, .sorted = sorted});
      if (random() % 40 == 0) Truncate(name);
      if (random() % 60 == 0) {
        Drop(name);
        continue;
      }
      for (uint64_t i = random() % 3; i > 0 && !next_[name].empty(); --i) {
        Delete(name, *next_[name][random() % next_[name].size()].key);
      }
      std::vector<TestRow> rows;
      for (uint64_t i = random() % 6; i > 0; --i) {
        rows.push_back({static_cast<int64_t>(random() >> 1), std::to_string(random())});
      }
      if (!rows.empty()) Insert(name, rows);
    }
  }

  void Flush() {
    if (!goes_on()) return;
    failed_ = !engine_.Flush().ok();
    if (!failed_) life_.flushed = life_.acknowledged;
  }
  void Compact() {
    if (!goes_on()) return;
    const MergePolicy pairs{.inputs_min = 2, .largest_share_max = 1, .free_bytes_min = 0};
    failed_ = !engine_.Compact(pairs).ok();
  }
  void FlushSealed() {
    if (goes_on()) failed_ = !engine_.FlushSealed().ok();
  }

  ObjectId Id(const std::string& name) const {
    return transaction_->Catalog().Find(kPublicSchemaId, NameSpace::kRelation, name)->id;
  }
  void Create(const TestTableOptions& options) {
    LUMA_CHECK(transaction_->CreateObject(TestTable(options)).ok());
    next_[options.name] = {};
  }
  void Drop(const std::string& name) {
    LUMA_CHECK(transaction_->DropObject(Id(name)).ok());
    next_.erase(name);
  }
  void Insert(const std::string& name, const std::vector<TestRow>& rows) {
    LUMA_CHECK(transaction_->Append(Id(name), TestColumns(rows).spans()).ok());
    next_[name].insert(next_[name].end(), rows.begin(), rows.end());
  }
  void Delete(const std::string& name, int64_t key) {
    const std::vector<RowId> ids = IdsOfKey(**transaction_->Read(Id(name)), key);
    LUMA_CHECK(!ids.empty() && transaction_->Delete(Id(name), ids).ok());
    std::erase_if(next_[name], [&](const TestRow& row) { return row.key == key; });
  }
  void Truncate(const std::string& name) {
    LUMA_CHECK(transaction_->Truncate(Id(name)).ok());
    next_[name].clear();
  }

  const io::SimDisk& disk_;
  StorageEngine& engine_;
  Life& life_;
  std::unique_ptr<Transaction> transaction_;
  State next_;
  bool failed_ = false;
};

const ManualClock& TestClock() {
  static const ManualClock clock(0);
  return clock;
}

// Small runs and log files: batches of three rows are runs of their own, and flushes meet the ends
// of log files.
struct LifeOptions {
  WalSync sync = WalSync::kAlways;
  bool hold_log = false;  // deletes of moved rows say in the log what the rows held
};

Result<std::unique_ptr<StorageEngine>> OpenOn(io::SimDisk& disk, LifeOptions life = {}) {
  EngineOptions options = TestEngineOptions();
  options.run_rows_max = 4;
  options.wal_segment_bytes = 1 << 10;
  options.wal_sync = life.sync;
  options.hold_log = life.hold_log;
  return StorageEngine::Open(options, disk, TestClock());
}

Life Live(io::SimDisk& disk, LifeOptions options = {}) {
  Life life;
  auto engine = OpenOn(disk, options);
  if (engine.ok()) Script(disk, **engine, life).Run();
  return life;
}

State ReadState(StorageEngine& engine) {
  State state;
  const auto transaction = engine.Begin();
  transaction->Catalog().ForEach(kPublicSchemaId, ObjectKind::kTable,
                                 [&](const CatalogObjectPtr& table) {
                                   std::vector<TestRow>& rows = state[table->name];
                                   rows = ReadRows(**transaction->Read(table->id));
                                   std::ranges::sort(rows);
                                 });
  return state;
}

// A database that has come through works on: one more table, one more row, a flush, a restart.
void ExpectUsable(io::SimDisk& disk, const State& expected) {
  State after = expected;
  after["after"] = {TestRow{1, "x"}};
  {
    auto engine = OpenOn(disk);
    ASSERT_TRUE(engine.ok()) << engine.status();
    auto transaction = (*engine)->Begin();
    const auto table = transaction->CreateObject(TestTable({.name = "after"}));
    LUMA_ASSERT_OK(table);
    LUMA_ASSERT_OK(transaction->Append(*table, TestColumns({{1, "x"}}).spans()));
    LUMA_ASSERT_OK(transaction->Commit());
    transaction.reset();
    LUMA_ASSERT_OK((*engine)->Flush());
    EXPECT_EQ(ReadState(**engine), after);
  }
  auto engine = OpenOn(disk);
  ASSERT_TRUE(engine.ok()) << engine.status();
  EXPECT_EQ(ReadState(**engine), after);
}

void ExpectRecovers(io::SimDisk& disk, const Life& life) {
  State recovered;
  {
    auto engine = OpenOn(disk);
    ASSERT_TRUE(engine.ok()) << engine.status();
    recovered = ReadState(**engine);
  }
  EXPECT_TRUE(life.Allows(recovered)) << "acknowledged commits: " << life.acknowledged;
  ExpectUsable(disk, recovered);
}

uint64_t StepsOfLife() {
  return io::CountIoSteps([](io::SimDisk& disk) {
    const Life life = Live(disk);
    LUMA_CHECK(life.acknowledged + 1 == life.states.size());
  });
}

class EngineCrashTest : public testing::Test {
 protected:
  // A failing disk logs an error per step.
  EngineCrashTest() { SetLogLevel(LogLevel::kOff); }
  ~EngineCrashTest() override {
    SetLogLevel(LogLevel::kWarn);
    EXPECT_TRUE(failpoint::Arm("").ok());
  }
};

TEST_F(EngineCrashTest, AcknowledgedCommitsSurvivePowerLossAtEveryStep) {
  const uint64_t steps = StepsOfLife();
  EXPECT_GT(steps, 100);
  for (uint64_t step = 0; step < steps; ++step) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << "power lost at step " << step << " seed " << seed);
      io::SimDisk disk({.power_loss_step = step, .seed = seed});
      const Life life = Live(disk);
      io::SimDisk after = disk.Reboot();
      ExpectRecovers(after, life);
      if (HasFailure()) return;
    }
  }
}

// Goal: the same of a server with an archive, whose log says what deleted rows held: a recovery
// finds them by their positions all the same.
TEST_F(EngineCrashTest, CommitsThatSayWhatTheyDeleteSurvivePowerLossAtEveryStep) {
  constexpr LifeOptions kOptions{.hold_log = true};
  const uint64_t steps = io::CountIoSteps([&](io::SimDisk& disk) {
    const Life life = Live(disk, kOptions);
    LUMA_CHECK(life.acknowledged + 1 == life.states.size());
  });
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "power lost at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    const Life life = Live(disk, kOptions);
    io::SimDisk after = disk.Reboot();
    ExpectRecovers(after, life);
    if (HasFailure()) return;
  }
}

// Goal: the same for lives nobody thought of, and over several crashes of one database.
TEST_F(EngineCrashTest, AcknowledgedCommitsSurviveRandomLivesAndCrashes) {
  const uint64_t first_seed = encoding::testing::TestSeed();
  for (uint64_t seed = first_seed; seed < first_seed + 150; ++seed) {
    LUMA_TRACE_SEED(seed);
    std::mt19937_64 random(seed);
    io::SimDisk disk;
    Life life;
    for (int generation = 0; generation < 4; ++generation) {
      SCOPED_TRACE(testing::Message() << "generation " << generation);
      disk = disk.Reboot({.power_loss_step = random() % 300, .seed = random()});
      {
        auto engine = OpenOn(disk);
        if (engine.ok()) {
          const State recovered = ReadState(**engine);
          ASSERT_TRUE(life.Allows(recovered)) << "acknowledged commits: " << life.acknowledged;
          life = {.states = {recovered}, .acknowledged = 0};
          Script(disk, **engine, life).RunAtRandom(random, 60);
        } else {
          ASSERT_TRUE(disk.power_lost()) << engine.status();
        }
      }
    }
    io::SimDisk after = disk.Reboot();
    ExpectRecovers(after, life);
    if (HasFailure()) return;
  }
}

// Goal: without a sync per commit a power loss may cost commits, but only the last ones, and none
// that a flush has seen.
TEST_F(EngineCrashTest, WithoutSyncsAPrefixSurvivesThatHoldsEveryFlush) {
  const uint64_t steps = StepsOfLife();
  for (uint64_t step = 0; step < steps; ++step) {
    SCOPED_TRACE(testing::Message() << "power lost at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step});
    const Life life = Live(disk, {.sync = WalSync::kOff});
    io::SimDisk after = disk.Reboot();
    auto engine = OpenOn(after, {.sync = WalSync::kOff});
    ASSERT_TRUE(engine.ok()) << engine.status();
    const State recovered = ReadState(**engine);
    const auto first = life.states.begin() + static_cast<ptrdiff_t>(life.flushed);
    EXPECT_NE(std::find(first, life.states.end(), recovered), life.states.end());
    if (HasFailure()) return;
  }
}

TEST_F(EngineCrashTest, APowerLossDuringRecoveryChangesNothing) {
  const uint64_t steps = StepsOfLife();
  for (uint64_t step = 5; step < steps; step += 7) {
    io::SimDisk disk({.power_loss_step = step, .seed = step});
    const Life life = Live(disk);
    for (uint64_t recovery_step = 0;; ++recovery_step) {
      SCOPED_TRACE(testing::Message() << "power lost at step " << step << ", then at step "
                                      << recovery_step << " of the recovery");
      io::SimDisk recovering = disk.Reboot({.power_loss_step = recovery_step, .seed = step});
      if (auto engine = OpenOn(recovering); engine.ok()) engine->reset();
      if (!recovering.power_lost()) break;
      io::SimDisk after = recovering.Reboot();
      ExpectRecovers(after, life);
      if (HasFailure()) return;
    }
  }
}

TEST_F(EngineCrashTest, AnIoErrorAtAnyStepLosesNoAcknowledgedCommit) {
  const uint64_t steps = StepsOfLife();
  for (const StatusCode code : {StatusCode::kIoError, StatusCode::kDiskFull}) {
    for (const bool forever : {false, true}) {
      for (uint64_t step = 0; step < steps; ++step) {
        SCOPED_TRACE(testing::Message() << StatusCodeName(code) << " at step " << step
                                        << (forever ? " for ever" : " once"));
        io::SimDisk disk({.fault = io::SimFault{.step = step, .code = code, .forever = forever}});
        const Life life = Live(disk);
        io::SimDisk after = disk.Reboot();
        ExpectRecovers(after, life);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(EngineCrashTest, AFailureAtEveryFailpointLosesNoAcknowledgedCommit) {
  for (const char* const point :
       {"commit.before_log", "commit.before_publish", "flush.before_seal", "flush.before_segment",
        "flush.after_block", "flush.before_finish", "flush.after_segments", "flush.before_manifest",
        "flush.after_manifest", "flush.before_truncate", "compaction.before_segment",
        "compaction.after_block", "compaction.before_finish", "compaction.before_install",
        "compaction.before_manifest", "compaction.after_manifest", "recovery.after_replay",
        "recovery.after_manifest"}) {
    for (int hit = 1; hit <= 6; ++hit) {
      SCOPED_TRACE(testing::Message() << point << ":" << hit);
      io::SimDisk disk;
      LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":" + std::to_string(hit) + ":error"));
      const Life life = Live(disk);
      LUMA_ASSERT_OK(failpoint::Arm(""));
      for (const bool powered : {true, false}) {
        io::SimDisk after = powered ? disk.Restart() : disk.Reboot();
        ExpectRecovers(after, life);
      }
      if (HasFailure()) return;
    }
  }
}

// Goal: damage is reported or harmless, never a shorter answer.
TEST_F(EngineCrashTest, EveryDamagedByteIsDetectedOrHarmless) {
  io::SimDisk disk;
  const Life life = Live(disk);
  std::vector<std::pair<io::Path, uint64_t>> files;
  for (const char* const directory : {"/data/manifest", "/data/wal", "/data/segments"}) {
    const std::vector<std::string> names = *disk.List(directory);
    for (const std::string& name : names) {
      const io::Path path = io::JoinPath(directory, name);
      files.emplace_back(path, *disk.FileSize(path));
    }
  }
  ASSERT_GE(files.size(), 4);
  uint64_t detected = 0;
  for (const auto& [path, bytes] : files) {
    // Every byte of what the script wrote; the rest of a log file is preallocated zeros.
    for (uint64_t offset = 0; offset < std::min<uint64_t>(bytes, 4096); offset += 3) {
      SCOPED_TRACE(testing::Message() << "damaged " << path << " at " << offset);
      io::SimDisk damaged = disk.Restart();
      damaged.FlipBit(path, offset, static_cast<int>(offset % 8));
      auto engine = OpenOn(damaged);
      if (!engine.ok()) {
        ++detected;
        continue;
      }
      bool is_readable = true;
      auto transaction = (*engine)->Begin();
      transaction->Catalog().ForEach(
          kPublicSchemaId, ObjectKind::kTable, [&](const CatalogObjectPtr& object) {
            const TableSnapshotPtr table = *transaction->Read(object->id);
            for (const auto& run : table->runs()) {
              for (uint32_t block = 0; block < run->block_count(); ++block) {
                for (const ColumnSchema& column : table->schema().columns) {
                  is_readable = is_readable && run->Read(column, block).ok();
                }
              }
            }
          });
      transaction.reset();
      if (is_readable) {
        EXPECT_EQ(ReadState(**engine), life.states[life.acknowledged]);
      } else {
        ++detected;
      }
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(detected, 500);
}

}  // namespace
}  // namespace luma::storage
