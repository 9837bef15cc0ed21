#include "storage/backup/layout_check.h"

#include <string>

#include "storage/commit_record.h"

namespace luma::storage {

LayoutCheck::LayoutCheck(const ManifestState& checkpoint)
    : checkpoint_(Lsn{static_cast<uint64_t>(checkpoint.checkpoint.commit)}) {
  for (const auto& [id, table] : checkpoint.tables) {
    for (const auto& [run, record] : table.runs) layouts_[{id, run}] = record.layout;
  }
}

Status LayoutCheck::Check(Lsn lsn, ByteSpan payload) const {
  if (lsn <= checkpoint_) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const LoggedChanges changes, DecodeLogRecord(payload));
  for (const LoggedDelete& one : changes.deletes) {
    const auto found = layouts_.find({one.table, one.run});
    const uint32_t layout = found == layouts_.end() ? 0 : found->second;
    if (one.layout.value_or(layout) == layout || !one.contents.empty()) continue;
    return Status::OutOfRange(
               "rows were deleted that a flush or a merge had moved since the backup: table=",
               static_cast<uint32_t>(one.table), " commit=", ToNumber(lsn))
        .WithHint("restore to commit " + std::to_string(ToNumber(Previous(lsn))) +
                  " or before, or to a commit after a later backup");
  }
  return Status::Ok();
}

}  // namespace luma::storage
