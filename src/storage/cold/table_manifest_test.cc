// The list of cold files that others read is what the tables have, soon after every change.
#include "storage/cold/table_manifest.h"

#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;

class TableManifestTest : public ColdTest {
 protected:
  void Move() { LUMA_ASSERT_OK(engine_->MoveCold()); }
  std::string Key() {
    for (const std::string& key : AllObjects()) {
      if (key.ends_with("/manifest.json")) return key;
    }
    return "";
  }
  std::string Manifest() { return std::string(AsText(*store_->Get(Key()))); }
};

TEST_F(TableManifestTest, ListsTheFilesWithTheirBoundsAndDeletedRows) {
  const ObjectId table = CreateTable("with \"quotes\"");
  InsertAndFlush(table, kOld, 60);
  Move();
  EXPECT_THAT(Manifest(),
              AllOf(StartsWith(R"({"format":"lumadb-table","version":1,"writer_epoch":1,)"),
                    HasSubstr(R"("schema":"public","name":"with \"quotes\"")"),
                    HasSubstr(R"({"key":")" + Objects()[0] + "\""),
                    HasSubstr(R"("rows":60,"deleted_rows":0,"deleted":[])"),
                    HasSubstr(R"({"id":1,"name":"series","type":"BIGINT","nulls":0,"min":"1",)"),
                    HasSubstr(R"("name":"note","type":"VARCHAR","nulls":0,"min":"minute 0",)")));
  for (const int minute : {3, 4, 9}) LUMA_ASSERT_OK(Delete(table, kOld + minute * 60'000));
  Move();
  EXPECT_THAT(Manifest(), HasSubstr(R"("deleted_rows":3,"deleted":[[3,2],[9,1]])"));
}

TEST_F(TableManifestTest, IsMadeForChangesAloneAndNotForEveryPass) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  const uint64_t made = ColdMetrics::Get().table_manifests.Value();
  Insert(table, {{1, kColdNow, 1, "a"}});
  for (int pass = 0; pass < 3; ++pass) Move();
  EXPECT_EQ(ColdMetrics::Get().table_manifests.Value(), made);
  LUMA_ASSERT_OK(Delete(table, kOld));
  Move();
  EXPECT_EQ(ColdMetrics::Get().table_manifests.Value(), made + 1);
  EXPECT_THAT(Manifest(), HasSubstr(R"("deleted_rows":1)"));
}

TEST_F(TableManifestTest, AStaleOneIsRepairedAtTheNextStart) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  const std::string key = Key();
  for (const bool lost : {false, true}) {
    LUMA_ASSERT_OK(lost ? store_->Delete(key) : store_->Put(key, AsBytes("stale")));
    Reopen();
    Move();
    EXPECT_THAT(Manifest(), HasSubstr(R"("rows":60)"));
  }
  EXPECT_EQ(WriterEpochOf(Manifest()), 3u);
}

TEST_F(TableManifestTest, ItGoesWithTheLastColdRun) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(transaction->DropObject(table));
  LUMA_ASSERT_OK(transaction->Commit());
  transaction.reset();
  LUMA_ASSERT_OK(engine_->Flush());
  Reopen();  // which forgets what was published
  Move();
  EXPECT_THAT(AllObjects(), ElementsAre(EndsWith("/owner.json")));
}

TEST_F(TableManifestTest, ALaterWriterIsNotOverwritten) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  LUMA_ASSERT_OK(store_->Put(
      Key(), AsBytes(R"({"format":"lumadb-table","version":1,"writer_epoch":9,"table_id":1})")));
  LUMA_ASSERT_OK(Delete(table, kOld));
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kConflict);
  EXPECT_EQ(WriterEpochOf(Manifest()), 9u);
}

TEST_F(TableManifestTest, OneThatArrivesCutIsWrittenAgain) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  store_->SetScript([](io::ObjectOperation operation, const std::string&) {
    const bool is_first = operation == io::ObjectOperation::kPutIfAbsent;
    return io::ObjectFault{.kind = is_first ? io::ObjectFaultKind::kCutShort
                                            : io::ObjectFaultKind::kNone};
  });
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kUnavailable);
  Up();
  Move();
  EXPECT_THAT(Manifest(), AllOf(HasSubstr(R"("rows":60)"), testing::EndsWith("]}\n")));
}

TEST_F(TableManifestTest, AStoreWithoutConditionsHasThemAsWell) {
  store_->SetScript([](io::ObjectOperation operation, const std::string&) {
    const bool is_conditional = operation == io::ObjectOperation::kPutIfAbsent ||
                                operation == io::ObjectOperation::kReplace;
    if (!is_conditional) return io::ObjectFault();
    return io::ObjectFault{.kind = io::ObjectFaultKind::kErrorBefore,
                           .error = Status::Unsupported("conditions are ignored")};
  });
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  EXPECT_THAT(Manifest(), HasSubstr(R"("deleted_rows":0)"));
  LUMA_ASSERT_OK(Delete(table, kOld));
  Move();
  EXPECT_THAT(Manifest(), HasSubstr(R"("deleted_rows":1)"));
}

TEST_F(TableManifestTest, AStoreThatFailsDelaysItOnly) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kOld, 60);
  Move();
  LUMA_ASSERT_OK(Delete(table, kOld));
  Down();
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kUnavailable);
  Up();
  Move();
  EXPECT_THAT(Manifest(), HasSubstr(R"("deleted_rows":1)"));
}

}  // namespace
}  // namespace luma::storage
