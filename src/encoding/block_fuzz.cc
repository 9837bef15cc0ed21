// DecodeBlock on any bytes: the first three choose type and row count, the rest is the block.
// What decodes must encode and decode again to the same rows, also in groups.
#include <algorithm>

#include "base/check.h"
#include "encoding/block.h"
#include "encoding/testing/random_column.h"

namespace luma::encoding {
namespace {

constexpr uint32_t kRowsMax = 5000;

void CheckGroupsEncodeAgain(const ColumnSpan& rows) {
  const uint32_t groups[] = {rows.count / 2, rows.count - rows.count / 2};
  const Bytes bytes = EncodeBlock(rows, {.group_rows = groups, .force = CodecId::kGroups});
  const auto block = DecodeBlock(rows.type, rows.count, bytes);
  LUMA_CHECK(block.ok());
  AlignedBuffer scratch;
  LUMA_CHECK(testing::SameRows(rows, block->Flatten(scratch)));
}

void CheckEncodesAgain(const ColumnSpan& rows, const EncodeOptions& options) {
  const Bytes bytes = EncodeBlock(rows, options);
  const auto block = DecodeBlock(rows.type, rows.count, bytes);
  LUMA_CHECK(block.ok());
  AlignedBuffer scratch;
  LUMA_CHECK(testing::SameRows(rows, block->Flatten(scratch)));
}

// `codec` is the one the rows came in: it must be able to write what it reads.
void CheckEncodesAgain(const ColumnSpan& rows, CodecId codec) {
  CheckEncodesAgain(rows, {.effort = EncodeEffort::kFast});
  CheckEncodesAgain(rows, {.effort = EncodeEffort::kCompact});
  CheckEncodesAgain(rows, {.second_pass_zstd = true});
  CheckEncodesAgain(rows, {.force = codec});
  if (rows.count > 1) CheckGroupsEncodeAgain(rows);
}

}  // namespace
}  // namespace luma::encoding

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace luma;
  ByteReader reader({reinterpret_cast<const std::byte*>(data), size});
  const auto type = static_cast<PhysicalType>(reader.Fixed<uint8_t>() % kPhysicalTypeCount);
  const uint32_t rows = reader.Fixed<uint16_t>() % encoding::kRowsMax;
  const ByteSpan bytes = reader.Raw(reader.remaining());
  const auto block = encoding::DecodeBlock(type, rows, bytes);
  if (!block.ok()) return 0;
  encoding::AlignedBuffer scratch;
  encoding::CheckEncodesAgain(block->Flatten(scratch), encoding::DescribeBlock(bytes)->codec);
  return 0;
}
