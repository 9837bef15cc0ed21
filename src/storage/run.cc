#include "storage/run.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace luma::storage {
namespace {

struct ConstantValue {
  explicit ConstantValue(Value of) : value(std::move(of)) {
    if (value.is_null()) {
      validity = 0;
    } else if (value.type() == PhysicalType::kBytes) {
      const StringRef text(value.bytes());
      std::memcpy(bytes, &text, sizeof(text));
    } else {
      std::memcpy(bytes, value.bytes().data(), value.bytes().size());
    }
  }

  const Value value;  // keeps a long string alive
  alignas(16) std::byte bytes[16] = {};
  uint64_t validity = 1;
};

}  // namespace

ColumnBlock ConstantBlock(PhysicalType type, const Value& value, uint32_t rows) {
  LUMA_CHECK(value.is_null() || value.type() == type);
  auto constant = std::make_shared<const ConstantValue>(value);
  ColumnBlock block;
  block.shape = ColumnBlock::Shape::kConstant;
  block.row_count = rows;
  block.flat = {.type = type,
                .count = 1,
                .values = constant->bytes,
                .validity = value.is_null() ? &constant->validity : nullptr};
  block.owner = std::move(constant);
  return block;
}

}  // namespace luma::storage
