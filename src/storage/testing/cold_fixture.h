// An engine with a cold tier, on a simulated disk and a simulated object store.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "io/sim_object_store.h"
#include "storage/store_report.h"
#include "storage/testing/engine_fixture.h"
#include "storage/testing/plain_cold_format.h"

namespace luma::storage {

inline constexpr UnixMillis kColdNow = 1'700'000'000'000;
inline constexpr UnixMillis kHourMillis = 3'600'000;

// A row of the table below. The value is compared by its bits.
struct Reading {
  int64_t series = 0;
  UnixMillis at = 0;
  double value = 0;
  std::optional<std::string> note;

  bool operator==(const Reading& other) const {
    return series == other.series && at == other.at && note == other.note &&
           std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value);
  }
  bool operator<(const Reading& other) const {
    return std::tie(series, at) < std::tie(other.series, other.at);
  }
};

inline void PrintTo(const Reading& reading, std::ostream* out) {
  *out << reading.series << "|" << reading.at - kColdNow << "|" << reading.value << "|"
       << reading.note.value_or("null");
}

// (series BIGINT, at TIMESTAMP_MS, value DOUBLE, note VARCHAR), sorted by the first two.
inline CatalogObject ReadingsTable(const std::string& name = "readings") {
  const auto column = [](uint32_t id, std::string column_name, PhysicalType type,
                         std::string logical_type) {
    ColumnSchema schema;
    schema.id = ColumnId{id};
    schema.name = std::move(column_name);
    schema.physical_type = type;
    schema.logical_type = std::move(logical_type);
    return schema;
  };
  TableSchema schema;
  schema.columns = {column(1, "series", PhysicalType::kInt64, "BIGINT"),
                    column(2, "at", PhysicalType::kInt64, "TIMESTAMP_MS"),
                    column(3, "value", PhysicalType::kFloat64, "DOUBLE"),
                    column(4, "note", PhysicalType::kBytes, "VARCHAR")};
  schema.next_column_id = 5;
  schema.sort_key = {ColumnId{1}, ColumnId{2}};
  CatalogObject table;
  table.schema_id = kPublicSchemaId;
  table.kind = ObjectKind::kTable;
  table.name = name;
  table.table = std::make_shared<const TableSchema>(std::move(schema));
  return table;
}

inline Status AppendReadings(Transaction& transaction, ObjectId table,
                             const std::vector<Reading>& readings) {
  std::vector<int64_t> series;
  std::vector<int64_t> times;
  std::vector<double> values;
  std::vector<StringRef> notes;
  std::vector<uint64_t> validity(ValidityWords(readings.size()));
  for (size_t i = 0; i < readings.size(); ++i) {
    series.push_back(readings[i].series);
    times.push_back(readings[i].at);
    values.push_back(readings[i].value);
    notes.emplace_back(readings[i].note ? StringRef(*readings[i].note) : StringRef());
    if (readings[i].note) validity[i / 64] |= uint64_t{1} << (i % 64);
  }
  const auto span = [&](PhysicalType type, const void* from, const uint64_t* valid) {
    return ColumnSpan{type, static_cast<uint32_t>(readings.size()),
                      static_cast<const std::byte*>(from), valid};
  };
  return transaction.Append(
      table, std::vector<ColumnSpan>{span(PhysicalType::kInt64, series.data(), nullptr),
                                     span(PhysicalType::kInt64, times.data(), nullptr),
                                     span(PhysicalType::kFloat64, values.data(), nullptr),
                                     span(PhysicalType::kBytes, notes.data(), validity.data())});
}

using ReadingsById = std::vector<std::pair<RowId, Reading>>;

// Visible rows in the order of the table.
inline Result<ReadingsById> ReadReadings(const TableSnapshot& table) {
  ReadingsById readings;
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      std::vector<ColumnBlock> columns;
      for (size_t i = 0; i < 4; ++i) {
        LUMA_ASSIGN_OR_RETURN(ColumnBlock column, run->Read(table.schema().columns[i], block));
        columns.push_back(std::move(column));
      }
      for (uint32_t row = 0; row < run->BlockRows(block); ++row) {
        const uint32_t position = run->BlockStart(block) + row;
        if (run->IsDeleted(position)) continue;
        readings.emplace_back(
            MakeRowId(run->id(), position),
            Reading{LoadLe<int64_t>(ValueAt(columns[0], row)),
                    LoadLe<int64_t>(ValueAt(columns[1], row)),
                    LoadLe<double>(ValueAt(columns[2], row)), TextAt(columns[3], row)});
      }
    }
  }
  return readings;
}

// The same, sorted, without ids.
inline Result<std::vector<Reading>> SortedReadings(const TableSnapshot& table) {
  LUMA_ASSIGN_OR_RETURN(ReadingsById by_id, ReadReadings(table));
  std::vector<Reading> readings;
  for (auto& [id, reading] : by_id) readings.push_back(std::move(reading));
  std::sort(readings.begin(), readings.end());
  return readings;
}

class ColdTest : public testing::Test {
 protected:
  ColdTest() {
    options_.default_policy.warm_age = std::chrono::hours(24);
    options_.cold.store = store_;
    options_.cold.format = format_;
    Reopen();
  }
  ~ColdTest() override { engine_.reset(); }

  void Reopen() {
    engine_.reset();
    auto opened = StorageEngine::Open(options_, disk_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = std::move(opened).value();
  }
  ObjectId CreateTable(const std::string& name = "readings") {
    auto transaction = engine_->Begin();
    const auto id = transaction->CreateObject(ReadingsTable(name));
    EXPECT_TRUE(id.ok()) << id.status();
    EXPECT_TRUE(transaction->Commit().ok());
    return *id;
  }
  // A segment file of its own, with rows of `series` one minute apart.
  std::vector<Reading> InsertAndFlush(ObjectId table, UnixMillis from, int minutes,
                                      int64_t series = 1) {
    std::vector<Reading> readings;
    for (int i = 0; i < minutes; ++i) {
      readings.push_back({series, from + i * 60'000, i * 0.1, "minute " + std::to_string(i % 7)});
    }
    Insert(table, readings);
    LUMA_EXPECT_OK(engine_->Flush());
    return readings;
  }
  void Insert(ObjectId table, const std::vector<Reading>& readings) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(AppendReadings(*transaction, table, readings));
    LUMA_ASSERT_OK(transaction->Commit());
  }
  Status Delete(ObjectId table, UnixMillis at) {
    auto transaction = engine_->Begin();
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr snapshot, transaction->Read(table));
    LUMA_ASSIGN_OR_RETURN(const ReadingsById readings, ReadReadings(*snapshot));
    std::vector<RowId> ids;
    for (const auto& [id, reading] : readings) {
      if (reading.at == at) ids.push_back(id);
    }
    LUMA_RETURN_IF_ERROR(transaction->Delete(table, ids).status());
    return transaction->Commit();
  }
  Result<std::vector<Reading>> Read(ObjectId table) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr snapshot, engine_->Read(table));
    return SortedReadings(*snapshot);
  }
  std::vector<Reading> MustRead(ObjectId table) {
    auto readings = Read(table);
    EXPECT_TRUE(readings.ok()) << readings.status();
    return readings.ok() ? *readings : std::vector<Reading>();
  }
  std::vector<Tier> Tiers(ObjectId table) {
    std::vector<Tier> tiers;
    for (const TableReport& report : engine_->Report().tables) {
      if (report.table->id != table) continue;
      for (const SegmentReport& segment : report.segments) tiers.push_back(segment.tier());
    }
    return tiers;
  }
  std::vector<std::string> AllObjects() const {
    std::vector<std::string> keys;
    for (const io::ObjectInfo& object : *store_->List("")) keys.push_back(object.key);
    return keys;
  }
  // Without the tables' manifests and the mark of the owner.
  std::vector<std::string> Objects() const {
    std::vector<std::string> keys = AllObjects();
    std::erase_if(keys, [](const std::string& key) { return key.ends_with(".json"); });
    return keys;
  }
  std::vector<std::string> Segments() { return *disk_.List("/data/segments"); }
  // Without the cache directory and the file of the owner.
  std::vector<std::string> ColdFiles() {
    std::vector<std::string> names = *disk_.List("/data/cold");
    std::erase(names, "cache");
    std::erase(names, "owner");
    return names;
  }
  void Down() {
    store_->SetScript([](io::ObjectOperation, const std::string&) {
      return io::ObjectFault{.kind = io::ObjectFaultKind::kErrorBefore};
    });
  }
  void Up() { store_->SetScript({}); }

  io::SimDisk disk_;
  ManualClock clock_{kColdNow};
  const std::shared_ptr<io::SimObjectStore> store_ = std::make_shared<io::SimObjectStore>();
  const std::shared_ptr<PlainColdFormat> format_ = std::make_shared<PlainColdFormat>(disk_);
  EngineOptions options_ = TestEngineOptions();
  std::unique_ptr<StorageEngine> engine_;
};

}  // namespace luma::storage
