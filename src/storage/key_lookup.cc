#include "storage/key_lookup.h"

#include "base/check.h"

namespace luma::storage {
namespace {

constexpr size_t kBlocksKeptMax = 64;

}  // namespace

std::vector<const ColumnSchema*> KeyColumns(const TableSchema& schema,
                                            std::span<const ColumnId> columns) {
  std::vector<const ColumnSchema*> found;
  for (const ColumnId id : columns) {
    found.push_back(schema.FindColumn(id));
    LUMA_CHECK(found.back() != nullptr);
  }
  return found;
}

Result<KeyBlocks> ReadKeyBlocks(const RunView& run, std::span<const ColumnSchema* const> columns,
                                uint32_t block) {
  KeyBlocks blocks;
  for (const ColumnSchema* const column : columns) {
    LUMA_ASSIGN_OR_RETURN(ColumnBlock read, run.Read(*column, block));
    blocks.push_back(std::move(read));
  }
  return blocks;
}

Result<std::optional<RowId>> KeyLookup::Find(uint64_t hash, const KeyBlocks& keys, uint32_t row) {
  candidates_.clear();
  index_.Find(hash, candidates_);
  for (const IndexedRow candidate : candidates_) {
    const RunVersionPtr run = VisibleRun(candidate);
    if (run == nullptr) continue;
    const uint32_t block = FindBlock(*run, candidate.position);
    LUMA_ASSIGN_OR_RETURN(const KeyBlocks* const blocks, BlocksOf(*run, block));
    if (KeysEqual(*blocks, candidate.position - run->BlockStart(block), keys, row)) {
      return std::optional(MakeRowId(run->id(), candidate.position));
    }
  }
  return std::optional<RowId>();
}

RunVersionPtr KeyLookup::VisibleRun(IndexedRow row) const {
  RunVersionPtr run = version_.Find(row.run());
  if (run == nullptr || IndexedRow::LayoutOf(*run->run()) != row.layout) return nullptr;
  if (row.position >= run->row_count() || run->IsDeleted(row.position)) return nullptr;
  if (also_deleted_ != nullptr) {
    const auto deletes = also_deleted_->find(row.run());
    if (deletes != also_deleted_->end() && deletes->second->Contains(row.position)) return nullptr;
  }
  return run;
}

Result<const KeyBlocks*> KeyLookup::BlocksOf(const RunVersion& run, uint32_t block) {
  const auto key = std::make_pair(run.id(), block);
  const auto found = blocks_.find(key);
  if (found != blocks_.end()) return &found->second;
  if (blocks_.size() >= kBlocksKeptMax) blocks_.clear();
  LUMA_ASSIGN_OR_RETURN(KeyBlocks read, ReadKeyBlocks(run, columns_, block));
  return &blocks_.emplace(key, std::move(read)).first->second;
}

}  // namespace luma::storage
