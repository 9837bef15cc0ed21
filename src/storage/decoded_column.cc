#include "storage/decoded_column.h"

#include <utility>

namespace luma::storage {
namespace {

ColumnBlock::Shape ShapeOf(const encoding::DecodedBlock& block) {
  switch (block.shape()) {
    case encoding::DecodedBlock::Shape::kFlat:
      return ColumnBlock::Shape::kFlat;
    case encoding::DecodedBlock::Shape::kConstant:
      return ColumnBlock::Shape::kConstant;
    case encoding::DecodedBlock::Shape::kDictionary:
      return ColumnBlock::Shape::kDictionary;
  }
  return ColumnBlock::Shape::kFlat;
}

// Every row as a value of its own: a constant block that has nulls is no ColumnBlock constant.
ColumnBlock Flattened(std::shared_ptr<const encoding::DecodedBlock> decoded) {
  struct Flat {
    std::shared_ptr<const encoding::DecodedBlock> decoded;
    encoding::AlignedBuffer values;
  };
  auto flat = std::make_shared<Flat>();
  flat->decoded = std::move(decoded);
  ColumnBlock block;
  block.row_count = flat->decoded->row_count();
  block.flat = flat->decoded->Flatten(flat->values);
  block.owner = std::move(flat);
  return block;
}

ColumnBlock ToColumnBlock(std::shared_ptr<const encoding::DecodedBlock> decoded) {
  ColumnBlock block;
  block.shape = ShapeOf(*decoded);
  block.row_count = decoded->row_count();
  block.flat = {
      .type = decoded->type(), .count = decoded->row_count(), .values = decoded->values()};
  if (block.shape == ColumnBlock::Shape::kConstant) {
    if (decoded->validity() != nullptr) return Flattened(std::move(decoded));
    block.flat.count = 1;
  } else if (block.shape == ColumnBlock::Shape::kDictionary) {
    block.flat.count = decoded->dictionary_size();
    block.codes = decoded->codes();
    block.code_validity = decoded->validity();
  } else {
    block.flat.validity = decoded->validity();
  }
  block.owner = std::move(decoded);
  return block;
}

// Rows [first, first + rows) of `block`; `first` is a multiple of 64.
ColumnBlock Slice(ColumnBlock block, uint32_t first, uint32_t rows) {
  const auto bits_from = [first](const uint64_t* words) {
    return words == nullptr ? nullptr : words + first / 64;
  };
  block.row_count = rows;
  if (block.shape == ColumnBlock::Shape::kFlat) {
    block.flat.count = rows;
    block.flat.values += size_t{first} * ValueBytes(block.flat.type);
    block.flat.validity = bits_from(block.flat.validity);
  } else if (block.shape == ColumnBlock::Shape::kDictionary) {
    block.codes += first;
    block.code_validity = bits_from(block.code_validity);
  }
  return block;
}

}  // namespace

Result<ColumnBlock> ColumnBlockOf(const ColumnSchema& column, DecodedBlockPtr decoded) {
  if (decoded->type() != column.physical_type) {
    return Status::Internal("column changed its type under its id: column=", column.name);
  }
  return ToColumnBlock(std::move(decoded));
}

Result<ColumnBlock> ColumnBlockOf(const ColumnSchema& column, DecodedBlockPtr decoded,
                                  uint32_t first, uint32_t rows) {
  LUMA_CHECK(first % 64 == 0 && first + rows <= decoded->row_count());
  LUMA_ASSIGN_OR_RETURN(ColumnBlock whole, ColumnBlockOf(column, std::move(decoded)));
  return Slice(std::move(whole), first, rows);
}

}  // namespace luma::storage
