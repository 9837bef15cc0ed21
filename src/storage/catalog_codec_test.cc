#include "storage/catalog_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::storage {
namespace {

Bytes Encode(const CatalogObject& object) {
  Bytes bytes;
  ByteWriter writer(bytes);
  EncodeCatalogObject(object, writer);
  return bytes;
}

Result<CatalogObjectPtr> Decode(ByteSpan bytes) {
  ByteReader reader(bytes);
  auto object = DecodeCatalogObject(reader);
  if (object.ok()) EXPECT_EQ(reader.remaining(), 0u);
  return object;
}

ColumnSchema Column(uint32_t id, std::string name, PhysicalType type) {
  ColumnSchema column;
  column.id = ColumnId{id};
  column.name = std::move(name);
  column.physical_type = type;
  column.missing_value = Value::Null(type);
  return column;
}

// Every field of every part differs from its default.
CatalogObject FullTable() {
  TableSchema table;
  table.next_column_id = 9;
  table.columns.push_back(Column(1, "id", PhysicalType::kInt64));
  table.columns.back().not_null = true;
  table.columns.back().logical_type = "BIGINT";
  table.columns.back().default_sql = "nextval('s')";
  table.columns.back().comment = "key";
  table.columns.push_back(Column(4, "name", PhysicalType::kBytes));
  table.columns.back().missing_value = Value::Text("none");
  table.columns.push_back(Column(5, "amount", PhysicalType::kInt128));
  const Int128 amount{7, -1};
  table.columns.back().missing_value = Value::Fixed(PhysicalType::kInt128, &amount);
  table.columns.push_back(Column(6, "twice", PhysicalType::kFloat64));
  table.columns.back().generated_sql = "id * 2";
  table.uniques.push_back({"t_pkey", {ColumnId{1}}, true});
  table.uniques.push_back({"t_name_key", {ColumnId{4}, ColumnId{5}}, false});
  table.checks.push_back({"positive", "id > 0"});
  table.foreign_keys.push_back({"fk", {ColumnId{4}}, ObjectId{20001}, {ColumnId{2}}});
  table.sort_key = {ColumnId{1}, ColumnId{4}};
  table.options = {{"codec", "zstd"}, {"retention", "7d"}};

  CatalogObject object;
  object.id = ObjectId{20000};
  object.schema_id = kPublicSchemaId;
  object.kind = ObjectKind::kTable;
  object.name = "T";
  object.modified = CommitNumber{uint64_t{1} << 40};
  object.comment = "all fields";
  object.depends_on = {ObjectId{20001}, ObjectId{20002}};
  object.table = std::make_shared<const TableSchema>(std::move(table));
  return object;
}

CatalogObject Sequence() {
  CatalogObject object;
  object.id = ObjectId{20005};
  object.schema_id = kPublicSchemaId;
  object.kind = ObjectKind::kSequence;
  object.name = "s";
  object.sequence = {
      .start = -5, .increment = -1, .min_value = INT64_MIN, .max_value = -1, .cycle = true};
  return object;
}

TEST(CatalogCodecTest, TableComesBackWithEveryField) {
  const CatalogObject written = FullTable();
  const auto read = Decode(Encode(written));
  ASSERT_TRUE(read.ok()) << read.status();
  // The codec is canonical, so equal bytes mean equal objects; a few fields are compared directly
  // in case writer and reader forget the same one.
  EXPECT_EQ(Encode(**read), Encode(written));
  const TableSchema& table = *(*read)->table;
  EXPECT_EQ(table.columns[1].missing_value.bytes(), "none");
  EXPECT_EQ(table.columns[2].missing_value.As<Int128>().high, -1);
  EXPECT_EQ(table.columns[3].generated_sql, "id * 2");
  EXPECT_EQ(table.columns[0].default_sql, "nextval('s')");
  EXPECT_TRUE(table.columns[0].not_null);
  EXPECT_EQ(table.uniques[1].columns.size(), 2u);
  EXPECT_TRUE(table.uniques[0].is_primary_key);
  EXPECT_EQ(table.checks[0].expression_sql, "id > 0");
  EXPECT_EQ(table.foreign_keys[0].referenced_table, ObjectId{20001});
  EXPECT_EQ(table.options.at("retention"), "7d");
  EXPECT_EQ(table.next_column_id, 9u);
  EXPECT_EQ(table.sort_key.size(), 2u);
  EXPECT_EQ((*read)->modified, written.modified);
  EXPECT_EQ((*read)->depends_on, written.depends_on);
  EXPECT_EQ((*read)->comment, "all fields");
}

TEST(CatalogCodecTest, SequenceAndIndexComeBack) {
  const auto sequence = Decode(Encode(Sequence()));
  ASSERT_TRUE(sequence.ok());
  EXPECT_EQ((*sequence)->sequence.min_value, INT64_MIN);
  EXPECT_EQ((*sequence)->sequence.increment, -1);
  EXPECT_TRUE((*sequence)->sequence.cycle);

  CatalogObject index;
  index.id = ObjectId{20006};
  index.kind = ObjectKind::kIndex;
  index.table_id = ObjectId{20000};
  EXPECT_EQ((*Decode(Encode(index)))->table_id, ObjectId{20000});
}

// The example of docs/formats/catalog_object.md.
TEST(CatalogCodecTest, WritesTheBytesOfTheDocument) {
  CatalogObject view;
  view.id = kFirstUserObjectId;
  view.schema_id = kPublicSchemaId;
  view.kind = ObjectKind::kView;
  view.name = "v";
  view.modified = CommitNumber{7};
  view.definition = "SELECT 1";
  view.depends_on = {ObjectId{100}, ObjectId{101}};
  constexpr uint8_t kExpected[] = {0x01, 0x18, 0x03, 0x00, 0x80, 0x80, 0x01, 0x98, 0x11,
                                   0x01, 0x76, 0x07, 0x00, 0x08, 0x53, 0x45, 0x4c, 0x45,
                                   0x43, 0x54, 0x20, 0x31, 0x00, 0x02, 0x64, 0x65};
  const Bytes bytes = Encode(view);
  EXPECT_THAT(AsText(bytes), AsText(std::as_bytes(std::span(kExpected))));
}

TEST(CatalogCodecTest, EveryTruncationIsAnError) {
  for (const CatalogObject& object : {FullTable(), Sequence()}) {
    const Bytes bytes = Encode(object);
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_EQ(Decode(ByteSpan(bytes).first(length)).status().code(), StatusCode::kCorruption);
    }
  }
}

TEST(CatalogCodecTest, LaterVersionIsUnsupported) {
  Bytes bytes = Encode(Sequence());
  bytes[0] = std::byte{2};
  EXPECT_EQ(Decode(bytes).status().code(), StatusCode::kUnsupported);
}

TEST(CatalogCodecTest, ChangesComeBack) {
  Bytes bytes;
  ByteWriter writer(bytes);
  EncodeCatalogChange(CatalogChange::Drop(ObjectId{77}), writer);
  EncodeCatalogChange(CatalogChange::Put(std::make_shared<const CatalogObject>(Sequence())),
                      writer);
  ByteReader reader(bytes);
  const auto drop = DecodeCatalogChange(reader);
  ASSERT_TRUE(drop.ok());
  EXPECT_EQ(drop->id, ObjectId{77});
  EXPECT_EQ(drop->put, nullptr);
  const auto put = DecodeCatalogChange(reader);
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->id, ObjectId{20005});
  EXPECT_EQ(put->put->name, "s");
  EXPECT_EQ(reader.remaining(), 0u);
}

}  // namespace
}  // namespace luma::storage
