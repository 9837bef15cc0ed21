// One MANIFEST file as a chain of checked records: docs/formats/manifest.md, "MANIFEST-n". Knows
// nothing of what is in the records.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "io/file_system.h"

namespace luma::storage {

inline constexpr uint32_t kManifestVersion = 3;     // is written
inline constexpr uint32_t kManifestVersionMin = 1;  // is still read
inline constexpr size_t kManifestHeaderBytes = 32;
inline constexpr size_t kManifestRecordHeaderBytes = 16;
inline constexpr size_t kManifestSealBytes = 16;
inline constexpr uint64_t kManifestPayloadBytesMax = 1ull << 30;

std::string ManifestFileName(uint32_t number);  // "MANIFEST-000007"
// Nothing when `name` is not the name of a MANIFEST file.
std::optional<uint32_t> ManifestFileNumber(std::string_view name);

// The bytes of a record, and the checksum that the next one continues.
struct ManifestRecord {
  Bytes bytes;
  uint32_t crc = 0;
};
ManifestRecord EncodeManifestRecord(uint32_t previous_crc, uint64_t sequence, ByteSpan payload);

// Threads: one at a time. After an error the file must not be used again.
class ManifestFileWriter {
 public:
  // A new file, header written, nothing synced.
  static Result<std::unique_ptr<ManifestFileWriter>> Create(io::FileSystem& fs,
                                                            const io::Path& path, uint32_t number);
  // Writes and fsyncs one record. Durable on return, the file's name excepted.
  Status Append(ByteSpan payload);
  // Marks the last record as acknowledged; not synced.
  Status Seal();
  uint64_t file_bytes() const { return file_bytes_; }

 private:
  ManifestFileWriter(std::unique_ptr<io::WritableFile> file, uint64_t salt)
      : file_(std::move(file)), salt_(salt) {}
  Status Write(ByteSpan bytes);

  const std::unique_ptr<io::WritableFile> file_;
  const uint64_t salt_;
  uint32_t crc_ = 0;  // of the last record
  uint64_t sequence_ = 0;
  uint64_t file_bytes_ = 0;
};

// Reads the records of a file that is in memory. `file` must outlive the reader.
class ManifestFileReader {
 public:
  // `path` is for messages. Errors: kCorruption, kUnsupported.
  static Result<ManifestFileReader> Open(ByteSpan file, io::Path path);

  // The payload of the next record; nothing at the end and at a torn tail. Errors: kCorruption.
  Result<std::optional<ByteSpan>> Next();
  // Whether an acknowledged record begins at `offset` or later.
  bool HasSealFrom(uint64_t offset) const;

  uint32_t version() const { return version_; }
  uint32_t number() const { return number_; }
  uint64_t record_offset() const { return record_offset_; }            // of the last record
  uint64_t sequence() const { return sequence_; }                      // of the last record
  uint64_t bytes_left() const { return file_.size() - next_offset_; }  // after the end: torn bytes

 private:
  ManifestFileReader(ByteSpan file, io::Path path) : file_(file), path_(std::move(path)) {}
  std::optional<ByteSpan> ReadRecord();
  bool IsSeal(uint64_t offset) const;

  ByteSpan file_;
  io::Path path_;
  uint32_t version_ = 0;
  uint32_t number_ = 0;
  uint64_t salt_ = 0;
  uint32_t crc_ = 0;
  uint64_t sequence_ = 0;
  uint64_t record_offset_ = 0;
  uint64_t next_offset_ = kManifestHeaderBytes;
};

}  // namespace luma::storage
