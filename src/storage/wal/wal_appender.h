// The I/O half of the log writer: turns groups of collected records into bytes of files. Knows no
// threads and no waiting; WalWriter makes callers take turns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "io/file_system.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_format.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_spares.h"

namespace luma::storage {

// Records collected for one file: each kWalRecordHeaderBytes of room with the payload's length in
// it, the payload, zeros up to the alignment.
class WalChunk {
 public:
  WalChunk() = default;
  explicit WalChunk(WalSpare new_file) : new_file_(std::move(new_file)) {}

  void Add(ByteSpan payload);

  const std::optional<WalSpare>& new_file() const { return new_file_; }
  uint64_t records() const { return records_; }
  Bytes& bytes() { return bytes_; }
  uint64_t size() const { return bytes_.size(); }

 private:
  std::optional<WalSpare> new_file_;  // set: the chunk starts this file
  Bytes bytes_;
  uint64_t records_ = 0;
};

// Threads: one at a time; file() may be synced beside a Write. After an error no method may be
// called again. Lifetime: `fs` must outlive it.
class WalAppender {
 public:
  // Takes up the log at `end`; the records of its newest file are written once more and synced,
  // because the replay may have shown some that only the kernel had. kCorruption if they are not
  // those of the replay any more.
  static Result<WalAppender> Open(io::FileSystem& fs, io::Path directory, const WalEnd& end);

  // Gives the records of `chunk` their numbers, marks and checksums and writes them, at first
  // starting the chunk's file, which makes all earlier records durable.
  Status Write(WalChunk& chunk, Lsn synced);
  // fdatasync of the current file: all records written so far are durable.
  Status Sync();
  // Says on disk, without syncing, that all records up to `synced` are durable.
  Status WriteMark(Lsn synced);

  // The current file, null before the first one.
  const std::shared_ptr<io::WritableFile>& file() const { return file_; }
  const WalFileId& id() const { return id_; }
  Lsn last_lsn() const { return last_lsn_; }
  // All records up to this one are protected by a mark or by the header of a later file.
  Lsn marked_lsn() const { return marked_lsn_; }
  // Whether this writer has started a file; it never continues one of an earlier writer.
  bool started() const { return started_; }
  // Of the file that it has started last; 0 before that.
  uint64_t bytes_left() const { return started_ ? file_bytes_ - end_offset_ : 0; }

 private:
  WalAppender(io::FileSystem& fs, io::Path directory, const WalEnd& end);

  Status StartFile(const WalSpare& spare);
  void SealChunk(WalChunk& chunk, Lsn synced);
  // At end_offset_, which it leaves alone; returns the record's checksum.
  Result<uint32_t> WriteEmptyRecord(WalRecordKind kind, Lsn synced);

  io::FileSystem* fs_;  // not a reference: results are moved
  io::Path directory_;
  std::shared_ptr<io::WritableFile> file_;
  WalFileId id_;
  uint64_t epoch_;  // of the files this writer starts
  uint32_t seed_ = 0;
  bool started_ = false;
  uint64_t file_bytes_;
  uint64_t end_offset_;
  uint32_t last_crc_;
  Lsn last_lsn_;
  Lsn marked_lsn_;
};

}  // namespace luma::storage
