#include "storage/catalog_codec.h"

#include <utility>

namespace luma::storage {
namespace {

// docs/formats/catalog_object.md
constexpr uint8_t kVersion = 1;
constexpr uint8_t kHasTable = 1;
constexpr uint8_t kNotNull = 1;
constexpr uint8_t kHasMissingValue = 2;
constexpr uint8_t kPut = 1;
constexpr uint8_t kDrop = 2;

// The writing side: one Write per part, in the order of the document.
template <typename Id>
void WriteId(Id id, ByteWriter& out) {
  out.Varint(static_cast<uint64_t>(id));
}

template <typename Id>
void WriteIds(const std::vector<Id>& ids, ByteWriter& out) {
  out.Varint(ids.size());
  for (const Id id : ids) WriteId(id, out);
}

void WriteColumn(const ColumnSchema& column, ByteWriter& out) {
  const Value& missing = column.missing_value;
  WriteId(column.id, out);
  out.LengthPrefixed(column.name);
  out.Fixed(static_cast<uint8_t>(column.physical_type));
  out.Fixed(static_cast<uint8_t>((column.not_null ? kNotNull : 0) |
                                 (missing.is_null() ? 0 : kHasMissingValue)));
  out.LengthPrefixed(column.logical_type);
  out.LengthPrefixed(column.default_sql);
  out.LengthPrefixed(column.generated_sql);
  out.LengthPrefixed(column.comment);
  if (missing.is_null()) return;
  LUMA_CHECK(missing.type() == column.physical_type);
  if (missing.type() == PhysicalType::kBytes) {
    out.LengthPrefixed(missing.bytes());
  } else {
    out.Raw(AsBytes(missing.bytes()));
  }
}

void WriteConstraints(const TableSchema& table, ByteWriter& out) {
  out.Varint(table.uniques.size());
  for (const UniqueConstraint& unique : table.uniques) {
    out.LengthPrefixed(unique.name);
    out.Fixed(static_cast<uint8_t>(unique.is_primary_key));
    WriteIds(unique.columns, out);
  }
  out.Varint(table.checks.size());
  for (const CheckConstraint& check : table.checks) {
    out.LengthPrefixed(check.name);
    out.LengthPrefixed(check.expression_sql);
  }
  out.Varint(table.foreign_keys.size());
  for (const ForeignKeyConstraint& key : table.foreign_keys) {
    out.LengthPrefixed(key.name);
    WriteIds(key.columns, out);
    WriteId(key.referenced_table, out);
    WriteIds(key.referenced_columns, out);
  }
}

void WriteTable(const TableSchema& table, ByteWriter& out) {
  out.Varint(table.next_column_id);
  out.Varint(table.columns.size());
  for (const ColumnSchema& column : table.columns) WriteColumn(column, out);
  WriteConstraints(table, out);
  WriteIds(table.sort_key, out);
  out.Varint(table.options.size());
  for (const auto& [name, value] : table.options) {
    out.LengthPrefixed(name);
    out.LengthPrefixed(value);
  }
}

void WriteSequence(const SequenceOptions& sequence, ByteWriter& out) {
  out.SignedVarint(sequence.start);
  out.SignedVarint(sequence.increment);
  out.SignedVarint(sequence.min_value);
  out.SignedVarint(sequence.max_value);
  out.Fixed(static_cast<uint8_t>(sequence.cycle));
}

void WriteBody(const CatalogObject& object, ByteWriter& out) {
  out.Fixed(static_cast<uint8_t>(object.kind));
  out.Fixed(static_cast<uint8_t>(object.table != nullptr ? kHasTable : 0));
  WriteId(object.id, out);
  WriteId(object.schema_id, out);
  out.LengthPrefixed(object.name);
  WriteId(object.modified, out);
  WriteId(object.table_id, out);
  out.LengthPrefixed(object.definition);
  out.LengthPrefixed(object.comment);
  WriteIds(object.depends_on, out);
  if (object.kind == ObjectKind::kSequence) WriteSequence(object.sequence, out);
  if (object.table != nullptr) WriteTable(*object.table, out);
}

// The reading side: mirrors the writing side line by line. The first bad field makes everything
// after it read as zeros; ok() is asked once, at the end.
class BodyReader {
 public:
  explicit BodyReader(ByteSpan body) : in_(body) {}

  CatalogObject Object() {
    CatalogObject object;
    object.kind = static_cast<ObjectKind>(Byte(1, static_cast<uint8_t>(ObjectKind::kIndex)));
    const bool has_table = Byte(0, kHasTable) != 0;
    bad_ = bad_ || has_table != (object.kind == ObjectKind::kTable);
    object.id = Id<ObjectId>(1);
    object.schema_id = Id<ObjectId>(0);
    object.name = in_.LengthPrefixed();
    object.modified = CommitNumber{in_.Varint()};
    object.table_id = Id<ObjectId>(0);
    object.definition = in_.LengthPrefixed();
    object.comment = in_.LengthPrefixed();
    object.depends_on = Ids<ObjectId>();
    if (object.kind == ObjectKind::kSequence) object.sequence = Sequence();
    if (has_table) object.table = std::make_shared<const TableSchema>(Table());
    return object;
  }
  bool ok() const { return !bad_ && in_.ok() && in_.remaining() == 0; }

 private:
  uint8_t Byte(uint8_t min, uint8_t max) {
    const auto byte = in_.Fixed<uint8_t>();
    bad_ = bad_ || byte < min || byte > max;
    return byte;
  }
  template <typename IdType>
  IdType Id(uint64_t min) {
    const uint64_t id = in_.Varint();
    bad_ = bad_ || id < min || id > UINT32_MAX;
    return static_cast<IdType>(id);
  }
  // Of elements that take at least one byte each, so that a count cannot exceed the bytes left.
  uint64_t Count() {
    const uint64_t count = in_.Varint();
    bad_ = bad_ || count > in_.remaining();
    return bad_ ? 0 : count;
  }
  template <typename IdType>
  std::vector<IdType> Ids() {
    std::vector<IdType> ids;
    for (uint64_t left = Count(); left > 0; --left) ids.push_back(Id<IdType>(1));
    return ids;
  }

  SequenceOptions Sequence() {
    SequenceOptions sequence;
    sequence.start = in_.SignedVarint();
    sequence.increment = in_.SignedVarint();
    sequence.min_value = in_.SignedVarint();
    sequence.max_value = in_.SignedVarint();
    sequence.cycle = Byte(0, 1) != 0;
    return sequence;
  }

  ColumnSchema Column() {
    ColumnSchema column;
    column.id = Id<ColumnId>(1);
    column.name = in_.LengthPrefixed();
    column.physical_type = static_cast<PhysicalType>(Byte(0, kPhysicalTypeCount - 1));
    const uint8_t flags = Byte(0, kNotNull | kHasMissingValue);
    column.not_null = (flags & kNotNull) != 0;
    column.logical_type = in_.LengthPrefixed();
    column.default_sql = in_.LengthPrefixed();
    column.generated_sql = in_.LengthPrefixed();
    column.comment = in_.LengthPrefixed();
    column.missing_value = (flags & kHasMissingValue) != 0 ? MissingValue(column.physical_type)
                                                           : Value::Null(column.physical_type);
    return column;
  }
  Value MissingValue(PhysicalType type) {
    if (type == PhysicalType::kBytes) return Value::Text(std::string(in_.LengthPrefixed()));
    const ByteSpan bytes = in_.Raw(ValueBytes(type));
    return bytes.empty() ? Value::Null(type) : Value::Fixed(type, bytes.data());
  }

  void Constraints(TableSchema& table) {
    for (uint64_t left = Count(); left > 0; --left) {
      UniqueConstraint& unique = table.uniques.emplace_back();
      unique.name = in_.LengthPrefixed();
      unique.is_primary_key = Byte(0, 1) != 0;
      unique.columns = Ids<ColumnId>();
    }
    for (uint64_t left = Count(); left > 0; --left) {
      CheckConstraint& check = table.checks.emplace_back();
      check.name = in_.LengthPrefixed();
      check.expression_sql = in_.LengthPrefixed();
    }
    for (uint64_t left = Count(); left > 0; --left) {
      ForeignKeyConstraint& key = table.foreign_keys.emplace_back();
      key.name = in_.LengthPrefixed();
      key.columns = Ids<ColumnId>();
      key.referenced_table = Id<ObjectId>(1);
      key.referenced_columns = Ids<ColumnId>();
    }
  }

  TableSchema Table() {
    TableSchema table;
    table.next_column_id = Id<uint32_t>(0);
    for (uint64_t left = Count(); left > 0; --left) table.columns.push_back(Column());
    Constraints(table);
    table.sort_key = Ids<ColumnId>();
    for (uint64_t left = Count(); left > 0; --left) {
      std::string name(in_.LengthPrefixed());
      const bool in_order = table.options.empty() || table.options.rbegin()->first < name;
      bad_ = bad_ || !in_order;
      table.options.emplace_hint(table.options.end(), std::move(name), in_.LengthPrefixed());
    }
    return table;
  }

  ByteReader in_;
  bool bad_ = false;
};

}  // namespace

void EncodeCatalogObject(const CatalogObject& object, ByteWriter& out) {
  Bytes body;
  ByteWriter body_writer(body);
  WriteBody(object, body_writer);
  out.Fixed(kVersion);
  out.LengthPrefixed(AsText(body));
}

Result<CatalogObjectPtr> DecodeCatalogObject(ByteReader& in) {
  const size_t offset = in.position();
  const auto version = in.Fixed<uint8_t>();
  if (in.ok() && version > kVersion) {
    return Status::Unsupported("unknown version of a catalog object: version=", int{version});
  }
  const std::string_view body = in.LengthPrefixed();
  BodyReader reader(AsBytes(body));
  CatalogObject object = reader.Object();
  if (!in.ok() || version != kVersion || !reader.ok()) {
    return Status::Corruption("bad catalog object: offset=", offset);
  }
  return std::make_shared<const CatalogObject>(std::move(object));
}

void EncodeCatalogChange(const CatalogChange& change, ByteWriter& out) {
  out.Fixed(change.put != nullptr ? kPut : kDrop);
  if (change.put != nullptr) {
    EncodeCatalogObject(*change.put, out);
  } else {
    WriteId(change.id, out);
  }
}

Result<CatalogChange> DecodeCatalogChange(ByteReader& in) {
  const size_t offset = in.position();
  const auto kind = in.Fixed<uint8_t>();
  if (kind == kPut) {
    LUMA_ASSIGN_OR_RETURN(CatalogObjectPtr object, DecodeCatalogObject(in));
    return CatalogChange::Put(std::move(object));
  }
  const uint64_t id = in.Varint();
  if (!in.ok() || kind != kDrop || id == 0 || id > UINT32_MAX) {
    return Status::Corruption("bad catalog change: offset=", offset);
  }
  return CatalogChange::Drop(ObjectId{static_cast<uint32_t>(id)});
}

}  // namespace luma::storage
