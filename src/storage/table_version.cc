#include "storage/table_version.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace luma::storage {
namespace {

auto LowerBound(auto&& runs, RunId id) {
  return std::lower_bound(runs.begin(), runs.end(), id, [](const RunVersionPtr& run, RunId wanted) {
    return run->id() < wanted;
  });
}

}  // namespace

void RunTotals::Add(const RunVersion& run) {
  switch (run.run()->tier()) {
    case Tier::kHot:
      hot_rows += run.row_count();
      return;
    case Tier::kWarm:
      warm_rows += run.row_count();
      warm_bytes += run.run()->file_bytes();
      ++warm_segments;
      return;
    case Tier::kCold:
      cold_rows += run.row_count();
      cold_bytes += run.run()->file_bytes();
      ++cold_objects;
      return;
  }
}

void RunTotals::Subtract(const RunVersion& run) {
  RunTotals one;
  one.Add(run);
  *this -= one;
}

RunTotals& RunTotals::operator+=(const RunTotals& other) {
  hot_rows += other.hot_rows;
  warm_rows += other.warm_rows;
  warm_bytes += other.warm_bytes;
  warm_segments += other.warm_segments;
  cold_rows += other.cold_rows;
  cold_bytes += other.cold_bytes;
  cold_objects += other.cold_objects;
  return *this;
}

RunTotals& RunTotals::operator-=(const RunTotals& other) {
  hot_rows -= other.hot_rows;
  warm_rows -= other.warm_rows;
  warm_bytes -= other.warm_bytes;
  warm_segments -= other.warm_segments;
  cold_rows -= other.cold_rows;
  cold_bytes -= other.cold_bytes;
  cold_objects -= other.cold_objects;
  return *this;
}

const std::shared_ptr<const TableVersion::RunList>& TableVersion::EmptyList() {
  static const auto* const empty =
      new std::shared_ptr<const RunList>(std::make_shared<const RunList>());
  return *empty;
}

RunVersionPtr TableVersion::Find(RunId id) const {
  if (growing_ != nullptr && growing_->id() == id) return growing_;
  const auto at = LowerBound(*sealed_, id);
  return at != sealed_->end() && (*at)->id() == id ? *at : nullptr;
}

std::vector<std::shared_ptr<const RunView>> TableVersion::Views() const {
  std::vector<std::shared_ptr<const RunView>> views;
  views.reserve(sealed_->size() + 2);  // one more for a transaction's own rows
  ForEachRun([&](const RunVersionPtr& run) { views.push_back(run); });
  return views;
}

void TableVersion::Seal() {
  if (growing_ == nullptr) return;
  RunList runs = CopySealed();
  runs.push_back(std::move(growing_));
  SetSealed(std::move(runs));
  growing_ = nullptr;
}

void TableVersion::Grow(HotRunPtr run, uint32_t rows) {
  DeleteBitmapPtr deletes;
  if (growing_ != nullptr) {
    LUMA_CHECK(growing_->id() == run->id());
    deletes = growing_->deletes();
    totals_.Subtract(*growing_);
  } else {
    LUMA_CHECK(run->id() >= next_run_);
    next_run_ = NextRun(run->id());
  }
  growing_ = std::make_shared<const RunVersion>(std::move(run), rows, std::move(deletes));
  totals_.Add(*growing_);
}

void TableVersion::AddSealed(RunVersionPtr run) {
  LUMA_CHECK(growing_ == nullptr && (sealed_->empty() || sealed_->back()->id() < run->id()));
  next_run_ = std::max(next_run_, NextRun(run->id()));
  totals_.Add(*run);
  RunList runs = CopySealed();
  runs.push_back(std::move(run));
  SetSealed(std::move(runs));
}

void TableVersion::Replace(const RunVersionPtr& version) {
  totals_.Add(*version);
  if (growing_ != nullptr && growing_->id() == version->id()) {
    totals_.Subtract(*growing_);
    growing_ = version;
    return;
  }
  RunList runs = CopySealed();
  const auto at = LowerBound(runs, version->id());
  LUMA_CHECK(at != runs.end() && (*at)->id() == version->id());
  totals_.Subtract(**at);
  *at = version;
  SetSealed(std::move(runs));
}

void TableVersion::Remove(RunId id) {
  LUMA_CHECK(growing_ == nullptr || growing_->id() != id);
  RunList runs = CopySealed();
  const auto at = LowerBound(runs, id);
  LUMA_CHECK(at != runs.end() && (*at)->id() == id);
  totals_.Subtract(**at);
  runs.erase(at);
  SetSealed(std::move(runs));
}

void TableVersion::Delete(RunId id, const DeleteBitmapPtr& deletes) {
  const RunVersionPtr run = Find(id);
  LUMA_CHECK(run != nullptr);
  Replace(std::make_shared<const RunVersion>(run->run(), run->row_count(),
                                             Union(run->deletes(), deletes)));
  rows_deleted_ += deletes->count();
}

void TableVersion::Truncate(RunId first_kept) {
  RunList kept;
  for (const RunVersionPtr& run : *sealed_) {
    if (run->id() >= first_kept) {
      kept.push_back(run);
    } else {
      totals_.Subtract(*run);
      rows_deleted_ += run->row_count() - run->deleted_count();
    }
  }
  SetSealed(std::move(kept));
  if (growing_ != nullptr && growing_->id() < first_kept) {
    totals_.Subtract(*growing_);
    growing_ = nullptr;
  }
  next_run_ = std::max(next_run_, first_kept);
}

}  // namespace luma::storage
