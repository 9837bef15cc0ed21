#include "sql/parquet/parquet_footer.h"

#include <cstring>

namespace luma::sql {
namespace {

using duckdb_parquet::ColumnMetaData;
using duckdb_parquet::FileMetaData;
using duckdb_parquet::SchemaElement;
using Schema = decltype(FileMetaData::schema);

// What Thrift writes into.
class BytesSink final : public duckdb_apache::thrift::transport::TTransport {
 public:
  explicit BytesSink(Bytes& out) : out_(out) {}
  void write_virt(const uint8_t* from, uint32_t count) override {
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    out_.insert(out_.end(), bytes, bytes + count);
  }

 private:
  Bytes& out_;
};

class BytesSource final : public duckdb_apache::thrift::transport::TTransport {
 public:
  explicit BytesSource(ByteSpan bytes) : rest_(bytes) {}
  uint32_t read_virt(uint8_t* to, uint32_t count) override {
    if (count > rest_.size()) throw duckdb::IOException("a footer that ends early");
    std::memcpy(to, rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteSpan rest_;
};

template <typename Transport>
auto CompactProtocol(std::shared_ptr<Transport> transport) {
  duckdb_apache::thrift::protocol::TCompactProtocolFactoryT<Transport> factory;
  return factory.getProtocol(std::move(transport));
}

// Steps over the element at `index` and all below it; returns how many leaves that were.
size_t SkipElement(const Schema& schema, size_t& index) {
  if (index >= schema.size()) throw duckdb::IOException("a schema that ends early");
  const SchemaElement& element = schema[index++];
  if (!element.__isset.num_children || element.num_children == 0) return 1;
  size_t leaves = 0;
  for (int32_t i = 0; i < element.num_children; ++i) leaves += SkipElement(schema, index);
  return leaves;
}

ByteRange ChunkOf(const ColumnMetaData& chunk) {
  int64_t begin = chunk.data_page_offset;
  if (chunk.__isset.dictionary_page_offset) begin = std::min(begin, chunk.dictionary_page_offset);
  return {static_cast<uint64_t>(begin), static_cast<uint64_t>(chunk.total_compressed_size)};
}

}  // namespace

FileMetaData DecodeFooter(ByteSpan bytes) {
  FileMetaData footer;
  footer.read(CompactProtocol(std::make_shared<BytesSource>(bytes)).get());
  return footer;
}

Bytes EncodeFooter(const FileMetaData& footer) {
  Bytes bytes;
  footer.write(CompactProtocol(std::make_shared<BytesSink>(bytes)).get());
  return bytes;
}

std::vector<TopColumn> TopColumns(const FileMetaData& footer) {
  std::vector<TopColumn> columns;
  size_t leaf = 0;
  for (size_t index = 1; index < footer.schema.size();) {
    const SchemaElement& element = footer.schema[index];
    TopColumn column{.name = element.name,
                     .field_id = std::nullopt,
                     .schema_index = index,
                     .first_leaf = leaf,
                     .leaf_count = 0};
    if (element.__isset.field_id) column.field_id = element.field_id;
    column.leaf_count = SkipElement(footer.schema, index);
    leaf += column.leaf_count;
    columns.push_back(std::move(column));
  }
  return columns;
}

ByteRange ChunksOf(const duckdb_parquet::RowGroup& group, const TopColumn& column) {
  if (column.leaf_count == 0 || column.first_leaf + column.leaf_count > group.columns.size()) {
    throw duckdb::IOException("a row group without all columns");
  }
  ByteRange range = ChunkOf(group.columns[column.first_leaf].meta_data);
  for (size_t i = 1; i < column.leaf_count; ++i) {
    const ByteRange next = ChunkOf(group.columns[column.first_leaf + i].meta_data);
    if (next.offset != range.offset + range.bytes) {
      throw duckdb::IOException("chunks of a column that lie apart");
    }
    range.bytes += next.bytes;
  }
  return range;
}

}  // namespace luma::sql
