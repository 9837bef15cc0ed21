// Records that no writer makes are refused before they cost memory or change their meaning.
#include <gtest/gtest.h>

#include "encoding/block.h"
#include "storage/commit_record.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

void WriteHeader(uint8_t kind, ByteWriter& out) {
  out.Fixed(kind);
  out.Fixed(uint8_t{1});
}

// A commit that appends one piece of `rows` sevens, which take a few bytes however many they are.
Bytes CommitOfSevens(uint64_t table, uint64_t rows) {
  Bytes payload;
  ByteWriter out(payload);
  WriteHeader(1, out);
  for (int i = 0; i < 3; ++i) out.Varint(0);  // no catalog change, truncate, delete
  out.Varint(1);
  out.Varint(table);
  out.Fixed(uint32_t{1});
  out.Fixed(uint32_t{0});
  out.Varint(1);
  out.Varint(1);
  out.Fixed(static_cast<uint8_t>(PhysicalType::kInt64));
  const std::vector<int64_t> sevens(100, 7);
  const Bytes block = encoding::EncodeBlock({.type = PhysicalType::kInt64,
                                             .count = 100,
                                             .values = std::as_bytes(std::span(sevens)).data()},
                                            {.effort = encoding::EncodeEffort::kFast});
  out.Varint(1);
  out.Varint(rows);
  out.Varint(block.size());
  out.Raw(block);
  return payload;
}

Bytes CommitOfADelete(uint64_t run) {
  DeleteBitmap positions;
  positions.Add(3);
  const Bytes bitmap = positions.Serialize();
  Bytes payload;
  ByteWriter out(payload);
  WriteHeader(1, out);
  out.Varint(0);
  out.Varint(0);
  out.Varint(1);
  out.Varint(16384);
  out.Varint(run);
  out.Varint(bitmap.size());
  out.Raw(bitmap);
  out.Varint(0);
  return payload;
}

Bytes SequenceOf(uint64_t id) {
  Bytes payload;
  ByteWriter out(payload);
  WriteHeader(2, out);
  out.Varint(1);
  out.Varint(id);
  out.SignedVarint(7);
  out.Fixed(uint8_t{1});
  return payload;
}

StatusCode CodeOf(const Bytes& payload) { return DecodeLogRecord(payload).status().code(); }

TEST(CommitRecordLimitsTest, APieceHasNoMoreRowsThanWritersPutThere) {
  EXPECT_EQ(CodeOf(CommitOfSevens(16384, 16384)), StatusCode::kOk);
  for (const uint64_t rows : {uint64_t{0}, uint64_t{16385}, uint64_t{UINT32_MAX}}) {
    EXPECT_EQ(CodeOf(CommitOfSevens(16384, rows)), StatusCode::kCorruption);
  }
}

TEST(CommitRecordLimitsTest, IdsOfMoreThan32BitsAreRefusedAndNotCut) {
  constexpr uint64_t kTooLong = uint64_t{1} << 32;
  EXPECT_EQ(CodeOf(CommitOfADelete(1)), StatusCode::kOk);
  EXPECT_EQ(CodeOf(CommitOfADelete(kTooLong | 1)), StatusCode::kCorruption);
  EXPECT_EQ(CodeOf(CommitOfSevens(kTooLong | 16384, 1)), StatusCode::kCorruption);
  EXPECT_EQ(CodeOf(SequenceOf(16384)), StatusCode::kOk);
  EXPECT_EQ(CodeOf(SequenceOf(kTooLong | 16384)), StatusCode::kCorruption);
}

}  // namespace
}  // namespace luma::storage
