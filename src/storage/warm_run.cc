#include "storage/warm_run.h"

#include <utility>

#include "base/log.h"

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

Result<ColumnBlock> OfType(const ColumnSchema& column, DecodedBlockPtr decoded) {
  if (decoded->type() != column.physical_type) {
    return Status::Internal("column changed its type under its id: column=", column.name);
  }
  return ToColumnBlock(std::move(decoded));
}

}  // namespace

WarmRun::~WarmRun() {
  if (!is_obsolete_) return;
  const Status removed = fs_.Remove(reader_->path());
  if (!removed.ok()) LUMA_LOG(kWarn, "storage", "obsolete segment stays: {}", removed.message());
}

const ZoneMap* WarmRun::Zone(ColumnId column, uint32_t block, uint32_t) const {
  return reader_->HasColumn(column) ? &reader_->Zone(column, block) : nullptr;
}

Result<DecodedBlockPtr> WarmRun::ReadBlock(ColumnId column, uint32_t block) const {
  if (cache_ == nullptr) return reader_->ReadBlock(column, block);
  return cache_->Get({.segment = cache_number_, .column = column, .block = block},
                     [&] { return reader_->ReadBlock(column, block); });
}

ColumnBlock WarmRun::MissingBlock(const ColumnSchema& column, uint32_t block) const {
  return ConstantBlock(column.physical_type, column.missing_value, reader_->BlockRowCount(block));
}

Result<ColumnBlock> WarmRun::Read(const ColumnSchema& column, uint32_t block, uint32_t) const {
  if (!reader_->HasColumn(column.id)) return MissingBlock(column, block);
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr decoded, ReadBlock(column.id, block));
  return OfType(column, std::move(decoded));
}

Result<ColumnBlock> WarmRun::ReadOnce(const ColumnSchema& column, uint32_t block,
                                      uint64_t& memory_bytes) const {
  if (!reader_->HasColumn(column.id)) return MissingBlock(column, block);
  LUMA_ASSIGN_OR_RETURN(DecodedBlockPtr decoded, reader_->ReadBlock(column.id, block));
  memory_bytes += decoded->memory_bytes();
  return OfType(column, std::move(decoded));
}

}  // namespace luma::storage
