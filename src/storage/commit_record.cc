#include "storage/commit_record.h"

#include <algorithm>
#include <utility>

#include "encoding/block.h"
#include "storage/catalog_codec.h"

namespace luma::storage {
namespace {

// docs/formats/commit_record.md. What does not need the later one is written as the earlier one.
constexpr uint8_t kCommitVersion = 3;
constexpr uint8_t kContentsVersion = 4;
constexpr uint8_t kSequencesVersion = 1;
constexpr size_t kTimeOffset = 2;
// Bounds what a few bytes of a constant block can make a reader allocate.
constexpr uint64_t kPieceRowsMax = 16384;
static_assert(HotRun::kChunkRowsMax <= kPieceRowsMax);
enum class RecordKind : uint8_t { kCommit = 1, kSequences = 2 };

void WriteHeader(RecordKind kind, uint8_t version, ByteWriter& out) {
  out.Fixed(static_cast<uint8_t>(kind));
  out.Fixed(version);
}

void WriteId(ObjectId id, ByteWriter& out) { out.Varint(static_cast<uint32_t>(id)); }

void WriteBytes(ByteSpan bytes, ByteWriter& out) {
  out.Varint(bytes.size());
  out.Raw(bytes);
}

void WritePiece(std::span<const ColumnSpan> columns, ByteWriter& out) {
  const encoding::EncodeOptions fast{.effort = encoding::EncodeEffort::kFast};
  out.Varint(columns[0].count);
  for (const ColumnSpan& column : columns) WriteBytes(encoding::EncodeBlock(column, fast), out);
}

void WriteColumns(const RunColumns& columns, ByteWriter& out) {
  out.Varint(columns.size());
  for (const RunColumn& column : columns) {
    out.Varint(static_cast<uint32_t>(column.id));
    out.Fixed(static_cast<uint8_t>(column.type));
  }
}

void WriteRows(const CommitRecord::Append& append, ByteWriter& out) {
  WriteColumns(*append.rows->columns(), out);
  const uint32_t blocks = append.rows->BlockCount(append.row_count);
  out.Varint(blocks);
  for (uint32_t block = 0; block < blocks; ++block) {
    std::vector<std::shared_ptr<const void>> owners;
    WritePiece(append.rows->BlockColumns(block, append.row_count, owners), out);
  }
}

bool HasContents(const CommitRecord::Delete& one) { return !one.contents.empty(); }

void WriteDelete(const CommitRecord::Delete& one, uint8_t version, ByteWriter& out) {
  WriteId(one.table, out);
  out.Varint(static_cast<uint32_t>(one.run));
  out.Varint(one.layout);
  WriteBytes(one.positions->Serialize(), out);
  if (version >= kContentsVersion) WriteBytes(one.contents, out);
}

// ---- decoding: counts are bounded by the bytes that are left, every entry taking at least one.

Status Malformed(const ByteReader& in, std::string_view what) {
  return Status::Corruption("log record is malformed: part=", what, " offset=", in.position());
}

Result<uint64_t> ReadCount(ByteReader& in, std::string_view what) {
  const uint64_t count = in.Varint();
  if (!in.ok() || count > in.remaining()) return Malformed(in, what);
  return count;
}

// Of a table, run, column, sequence or layout. One that is too long is refused, not cut to another.
template <typename Id>
Result<Id> ReadId(ByteReader& in, std::string_view what) {
  const uint64_t id = in.Varint();
  if (!in.ok() || id > UINT32_MAX) return Malformed(in, what);
  return Id{static_cast<uint32_t>(id)};
}

Status ReadCatalog(ByteReader& in, LoggedChanges& to) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "catalog changes"));
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(CatalogChange change, DecodeCatalogChange(in));
    to.catalog.push_back(std::move(change));
  }
  return Status::Ok();
}

Status ReadTruncates(ByteReader& in, LoggedChanges& to) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "truncates"));
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(const ObjectId table, ReadId<ObjectId>(in, "truncates"));
    to.truncates.push_back({table, RunId{in.Fixed<uint32_t>()}});
  }
  return in.ok() ? Status::Ok() : Malformed(in, "truncates");
}

// Empty when there are none.
Result<ByteSpan> ReadContents(ByteReader& in, uint8_t version, uint32_t rows) {
  if (version < kContentsVersion) return ByteSpan();
  const ByteSpan bytes = in.Raw(in.Varint());
  if (!in.ok()) return Malformed(in, "contents");
  if (bytes.empty()) return bytes;
  LUMA_ASSIGN_OR_RETURN(const LoggedContents contents, DecodeContents(bytes));
  return contents.row_count() == rows ? Result<ByteSpan>(bytes) : Malformed(in, "contents");
}

Status ReadDeletes(ByteReader& in, uint8_t version, LoggedChanges& to) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "deletes"));
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(const ObjectId table, ReadId<ObjectId>(in, "deletes"));
    LUMA_ASSIGN_OR_RETURN(const RunId run, ReadId<RunId>(in, "deletes"));
    std::optional<uint32_t> layout;
    if (version > 2) {
      LUMA_ASSIGN_OR_RETURN(layout, ReadId<uint32_t>(in, "deletes"));
    }
    const ByteSpan bytes = in.Raw(in.Varint());
    if (!in.ok()) return Malformed(in, "deletes");
    LUMA_ASSIGN_OR_RETURN(DeleteBitmap positions, DeleteBitmap::Deserialize(bytes));
    if (positions.empty()) return Malformed(in, "deletes");
    LUMA_ASSIGN_OR_RETURN(const ByteSpan contents, ReadContents(in, version, positions.count()));
    to.deletes.push_back(
        {table, run, std::make_shared<const DeleteBitmap>(std::move(positions)), layout, contents});
  }
  return Status::Ok();
}

Result<RunColumnsPtr> ReadColumns(ByteReader& in) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "columns"));
  std::vector<RunColumn> columns;
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(const ColumnId id, ReadId<ColumnId>(in, "columns"));
    const auto type = in.Fixed<uint8_t>();
    if (!in.ok() || type >= kPhysicalTypeCount) return Malformed(in, "columns");
    columns.push_back({id, static_cast<PhysicalType>(type)});
  }
  if (columns.empty()) return Malformed(in, "columns");
  return std::make_shared<const RunColumns>(std::move(columns));
}

Result<LoggedRows::Piece> ReadPiece(ByteReader& in, size_t columns) {
  LoggedRows::Piece piece;
  const uint64_t rows = in.Varint();
  for (size_t i = 0; i < columns; ++i) piece.blocks.push_back(in.Raw(in.Varint()));
  if (!in.ok() || rows == 0 || rows > kPieceRowsMax) return Malformed(in, "rows");
  piece.row_count = static_cast<uint32_t>(rows);
  return piece;
}

Result<std::vector<LoggedRows::Piece>> ReadPieces(ByteReader& in, size_t columns) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "pieces"));
  std::vector<LoggedRows::Piece> pieces;
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(LoggedRows::Piece piece, ReadPiece(in, columns));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

uint64_t RowsOf(std::span<const LoggedRows::Piece> pieces) {
  uint64_t rows = 0;
  for (const LoggedRows::Piece& piece : pieces) rows += piece.row_count;
  return rows;
}

Result<LoggedRows> ReadRows(ByteReader& in) {
  LoggedRows rows;
  LUMA_ASSIGN_OR_RETURN(rows.table, ReadId<ObjectId>(in, "appends"));
  rows.run = RunId{in.Fixed<uint32_t>()};
  rows.first_position = in.Fixed<uint32_t>();
  LUMA_ASSIGN_OR_RETURN(rows.columns, ReadColumns(in));
  LUMA_ASSIGN_OR_RETURN(rows.pieces, ReadPieces(in, rows.columns->size()));
  if (rows.pieces.empty() || rows.first_position + rows.row_count() > UINT32_MAX) {
    return Malformed(in, "pieces");
  }
  return rows;
}

Status ReadCommit(ByteReader& in, uint8_t version, LoggedChanges& to) {
  if (version > 1) to.committed_at = in.Fixed<UnixMillis>();
  LUMA_RETURN_IF_ERROR(ReadCatalog(in, to));
  LUMA_RETURN_IF_ERROR(ReadTruncates(in, to));
  LUMA_RETURN_IF_ERROR(ReadDeletes(in, version, to));
  LUMA_ASSIGN_OR_RETURN(const uint64_t appends, ReadCount(in, "appends"));
  for (uint64_t i = 0; i < appends; ++i) {
    LUMA_ASSIGN_OR_RETURN(LoggedRows rows, ReadRows(in));
    to.appends.push_back(std::move(rows));
  }
  return Status::Ok();
}

Status ReadSequences(ByteReader& in, LoggedChanges& to) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t count, ReadCount(in, "sequences"));
  for (uint64_t i = 0; i < count; ++i) {
    LUMA_ASSIGN_OR_RETURN(const ObjectId id, ReadId<ObjectId>(in, "sequences"));
    const int64_t value = in.SignedVarint();
    const auto is_called = in.Fixed<uint8_t>();
    if (!in.ok() || is_called > 1) return Malformed(in, "sequences");
    to.sequences.push_back({id, {.value = value, .is_called = is_called == 1}});
  }
  return Status::Ok();
}

}  // namespace

CommitRecord CommitRecord::Encode(std::span<const CatalogChange> catalog,
                                  std::span<const ObjectId> truncates,
                                  std::span<const Delete> deletes,
                                  std::span<const Append> appends) {
  CommitRecord record;
  ByteWriter out(record.payload_);
  const uint8_t version =
      std::ranges::any_of(deletes, HasContents) ? kContentsVersion : kCommitVersion;
  WriteHeader(RecordKind::kCommit, version, out);
  out.Fixed(UnixMillis{0});
  out.Varint(catalog.size());
  for (const CatalogChange& change : catalog) EncodeCatalogChange(change, out);
  out.Varint(truncates.size());
  for (const ObjectId table : truncates) {
    WriteId(table, out);
    record.truncate_offsets_.push_back(out.size());
    out.Fixed(uint32_t{0});
  }
  out.Varint(deletes.size());
  for (const Delete& one : deletes) WriteDelete(one, version, out);
  out.Varint(appends.size());
  for (const Append& append : appends) {
    WriteId(append.table, out);
    record.append_offsets_.push_back(out.size());
    out.Fixed(uint64_t{0});
    WriteRows(append, out);
  }
  return record;
}

void CommitRecord::SetTime(UnixMillis committed_at) {
  StoreLe(payload_.data() + kTimeOffset, committed_at);
}

void CommitRecord::SetFirstKeptRun(size_t index, RunId first_kept) {
  StoreLe(payload_.data() + truncate_offsets_[index], static_cast<uint32_t>(first_kept));
}

void CommitRecord::SetPlace(size_t index, RunId run, uint32_t first_position) {
  std::byte* const at = payload_.data() + append_offsets_[index];
  StoreLe(at, static_cast<uint32_t>(run));
  StoreLe(at + sizeof(uint32_t), first_position);
}

Bytes EncodeSequenceRecord(std::span<const std::pair<ObjectId, SequenceRecord>> sequences) {
  Bytes payload;
  ByteWriter out(payload);
  WriteHeader(RecordKind::kSequences, kSequencesVersion, out);
  out.Varint(sequences.size());
  for (const auto& [id, record] : sequences) {
    WriteId(id, out);
    out.SignedVarint(record.value);
    out.Fixed(static_cast<uint8_t>(record.is_called ? 1 : 0));
  }
  return payload;
}

uint64_t LoggedRows::row_count() const { return RowsOf(pieces); }
uint64_t LoggedContents::row_count() const { return RowsOf(pieces); }

void ContentsWriter::AddPiece(std::span<const ColumnSpan> columns) {
  ByteWriter out(pieces_);
  WritePiece(columns, out);
  ++piece_count_;
}

Bytes ContentsWriter::Finish() const {
  Bytes contents;
  ByteWriter out(contents);
  WriteColumns(columns_, out);
  out.Varint(piece_count_);
  out.Raw(pieces_);
  return contents;
}

Result<LoggedContents> DecodeContents(ByteSpan bytes) {
  ByteReader in(bytes);
  LoggedContents contents;
  LUMA_ASSIGN_OR_RETURN(contents.columns, ReadColumns(in));
  LUMA_ASSIGN_OR_RETURN(contents.pieces, ReadPieces(in, contents.columns->size()));
  if (in.remaining() != 0) return Malformed(in, "contents");
  return contents;
}

Result<std::vector<encoding::DecodedBlock>> DecodePiece(const RunColumns& run_columns,
                                                        const LoggedRows::Piece& piece) {
  std::vector<encoding::DecodedBlock> columns;
  for (size_t i = 0; i < piece.blocks.size(); ++i) {
    LUMA_ASSIGN_OR_RETURN(encoding::DecodedBlock block,
                          encoding::DecodeBlock(run_columns[i].type, piece.row_count,
                                                piece.blocks[i], encoding::kFirstCodecCount));
    columns.push_back(std::move(block));
  }
  return columns;
}

Result<LoggedChanges> DecodeLogRecord(ByteSpan payload) {
  ByteReader in(payload);
  const auto kind = in.Fixed<uint8_t>();
  const auto version = in.Fixed<uint8_t>();
  if (!in.ok()) return Malformed(in, "header");
  const bool is_commit = kind == static_cast<uint8_t>(RecordKind::kCommit);
  if (version == 0 || version > (is_commit ? kContentsVersion : kSequencesVersion)) {
    return Status::Unsupported("unknown log record version: version=", int{version});
  }
  LoggedChanges changes;
  if (is_commit) {
    LUMA_RETURN_IF_ERROR(ReadCommit(in, version, changes));
  } else if (kind == static_cast<uint8_t>(RecordKind::kSequences)) {
    LUMA_RETURN_IF_ERROR(ReadSequences(in, changes));
  } else {
    return Malformed(in, "kind");
  }
  if (in.remaining() != 0) return Malformed(in, "end");
  return changes;
}

std::optional<UnixMillis> LoggedTime(ByteSpan payload) {
  ByteReader in(payload);
  const auto kind = in.Fixed<uint8_t>();
  const auto version = in.Fixed<uint8_t>();
  const auto time = in.Fixed<UnixMillis>();
  const bool has_time = in.ok() && kind == static_cast<uint8_t>(RecordKind::kCommit) && version > 1;
  return has_time ? std::optional(time) : std::nullopt;
}

}  // namespace luma::storage
