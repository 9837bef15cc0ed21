// The engine's log records as bytes and back: docs/formats/commit_record.md. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"
#include "encoding/decoded_block.h"
#include "storage/catalog_state.h"
#include "storage/delete_bitmap.h"
#include "storage/hot/hot_run.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// A commit's payload, encoded before the sequencer's lock is taken. What only the sequencer knows
// is filled in afterwards, in place.
class CommitRecord {
 public:
  struct Delete {
    ObjectId table{};
    RunId run{};
    DeleteBitmapPtr positions;
    uint32_t layout = 0;  // that of the run, which the positions belong to
    Bytes contents = {};  // DeletedContents; empty: positions say it all
  };
  struct Append {
    ObjectId table{};
    HotRunPtr rows;
    uint32_t row_count = 0;
  };

  CommitRecord() = default;
  static CommitRecord Encode(std::span<const CatalogChange> catalog,
                             std::span<const ObjectId> truncates, std::span<const Delete> deletes,
                             std::span<const Append> appends);

  const Bytes& payload() const { return payload_; }
  void SetTime(UnixMillis committed_at);
  // `index` counts the truncates and appends given to Encode.
  void SetFirstKeptRun(size_t index, RunId first_kept);
  void SetPlace(size_t index, RunId run, uint32_t first_position);

 private:
  Bytes payload_;
  std::vector<size_t> truncate_offsets_;
  std::vector<size_t> append_offsets_;
};

Bytes EncodeSequenceRecord(std::span<const std::pair<ObjectId, SequenceRecord>> sequences);

// Appended rows as they lie in the payload, which must outlive them.
struct LoggedRows {
  struct Piece {
    uint32_t row_count = 0;
    std::vector<ByteSpan> blocks;  // one per column
  };

  ObjectId table{};
  RunId run{};
  uint32_t first_position = 0;
  RunColumnsPtr columns;
  std::vector<Piece> pieces;

  uint64_t row_count() const;
};
// Errors: kCorruption.
Result<std::vector<encoding::DecodedBlock>> DecodePiece(const RunColumns& columns,
                                                        const LoggedRows::Piece& piece);

// What tells deleted rows apart, as it lies in the payload, which must outlive it.
struct LoggedContents {
  RunColumnsPtr columns;
  std::vector<LoggedRows::Piece> pieces;  // in the order of the positions

  uint64_t row_count() const;
};
// Of exactly `contents`. Errors: kCorruption.
Result<LoggedContents> DecodeContents(ByteSpan contents);
// What DecodeContents reads, of rows that are given piece by piece.
class ContentsWriter {
 public:
  explicit ContentsWriter(RunColumns columns) : columns_(std::move(columns)) {}
  // One span per column, of one count between 1 and 16384.
  void AddPiece(std::span<const ColumnSpan> columns);
  uint64_t size_bytes() const { return pieces_.size(); }
  Bytes Finish() const;

 private:
  const RunColumns columns_;
  uint64_t piece_count_ = 0;
  Bytes pieces_;
};

struct LoggedTruncate {
  ObjectId table{};
  RunId first_kept{};
};
struct LoggedDelete {
  ObjectId table{};
  RunId run{};
  DeleteBitmapPtr positions;
  std::optional<uint32_t> layout = std::nullopt;  // said since version 3
  ByteSpan contents = {};  // for DecodeContents: as many rows as positions; empty: not said
};

// One decoded record; a sequence record has only `sequences`.
struct LoggedChanges {
  std::optional<UnixMillis> committed_at;  // commits know it since version 2
  std::vector<CatalogChange> catalog;
  std::vector<LoggedTruncate> truncates;
  std::vector<LoggedDelete> deletes;
  std::vector<LoggedRows> appends;
  std::vector<std::pair<ObjectId, SequenceRecord>> sequences;
};
// Errors: kCorruption, kUnsupported for a later version.
Result<LoggedChanges> DecodeLogRecord(ByteSpan payload);
// When the record was sequenced, without decoding it; nothing if it does not say so, as sequence
// records and commits of version 1.
std::optional<UnixMillis> LoggedTime(ByteSpan payload);

}  // namespace luma::storage
