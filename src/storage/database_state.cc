#include "storage/database_state.h"

#include <utility>

namespace luma::storage {

TableVersionPtr DatabaseState::Find(ObjectId table) const {
  const TableVersionPtr* const version = tables_.Find(table);
  return version == nullptr ? nullptr : *version;
}

TableVersion DatabaseState::Table(ObjectId table) const {
  const TableVersionPtr version = Find(table);
  return version == nullptr ? TableVersion() : *version;
}

uint64_t DatabaseState::HotBytes() const {
  uint64_t bytes = 0;
  ForEachTable([&](ObjectId, const TableVersionPtr& version) {
    version->ForEachRun([&](const RunVersionPtr& run) {
      if (run->run()->is_hot()) bytes += static_cast<const HotRun&>(*run->run()).memory_bytes();
    });
  });
  return bytes;
}

void DatabaseState::SetTable(ObjectId table, TableVersion version) {
  if (const TableVersionPtr old = Find(table)) totals_ -= old->totals();
  totals_ += version.totals();
  tables_.Set(table, std::make_shared<const TableVersion>(std::move(version)));
}

void DatabaseState::EraseTable(ObjectId table) {
  const TableVersionPtr old = Find(table);
  if (old == nullptr) return;
  totals_ -= old->totals();
  tables_.Erase(table);
}

}  // namespace luma::storage
