#include "storage/metrics/series_loader.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

class SeriesLoader {
 public:
  SeriesLoader(const TableSnapshot& table, const std::function<bool(uint32_t)>& is_wanted,
               UnixMillis newest, SeriesRegistry& registry)
      : is_wanted_(is_wanted),
        newest_(newest),
        registry_(registry),
        id_column_(*table.schema().FindColumn(kSeriesIdColumn)),
        labels_column_(*table.schema().FindColumn(kLabelsColumn)) {}

  Status LoadBlock(const RunView& run, uint32_t block) {
    LUMA_FAILPOINT("series_loader.block");
    LUMA_RETURN_IF_ERROR(ids_.Read(run, id_column_, block));
    wanted_.clear();
    for (uint32_t row = 0; row < ids_.size(); ++row) {
      if (!run.IsDeleted(run.BlockStart(block) + row)) Note(row);
    }
    if (wanted_.empty()) return Status::Ok();
    LUMA_RETURN_IF_ERROR(labels_.Read(run, labels_column_, block));
    return AddWanted().WithContext("luma.series");
  }
  LoadedSeries TakeLoaded() { return std::move(loaded_); }

 private:
  void Note(uint32_t row) {
    const uint64_t id = ids_.values()[row];
    loaded_.ids_end = std::max(loaded_.ids_end, id + 1);
    // An id that is none is for the registry to refuse.
    if (id > SeriesRegistry::kSeriesMax || is_wanted_(static_cast<uint32_t>(id))) {
      wanted_.push_back(row);
    } else {
      loaded_.skipped.add(static_cast<uint32_t>(id));
    }
  }
  Status AddWanted() {
    std::vector<SeriesRegistry::Addition> additions;
    additions.reserve(wanted_.size());
    for (const uint32_t row : wanted_) {
      const std::string_view canonical = labels_.values()[row].view();
      LUMA_RETURN_IF_ERROR(CheckCanonical(canonical));
      const LabelsView labels(canonical);
      additions.push_back({.id = SeriesId{ids_.values()[row]},
                           .labels = labels,
                           .hash = labels.Hash(),
                           .newest = newest_});
    }
    return registry_.Add(additions);
  }

  const std::function<bool(uint32_t)>& is_wanted_;
  const UnixMillis newest_;
  SeriesRegistry& registry_;
  const ColumnSchema& id_column_;
  const ColumnSchema& labels_column_;
  FlatColumn<uint64_t> ids_;
  FlatColumn<StringRef> labels_;
  std::vector<uint32_t> wanted_;  // rows of the block
  LoadedSeries loaded_;
};

}  // namespace

Result<LoadedSeries> LoadSeries(const TableSnapshot& table,
                                const std::function<bool(uint32_t id)>& is_wanted,
                                UnixMillis newest, SeriesRegistry& registry) {
  SeriesLoader loader(table, is_wanted, newest, registry);
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      LUMA_RETURN_IF_ERROR(loader.LoadBlock(*run, block));
    }
  }
  return loader.TakeLoaded();
}

}  // namespace luma::storage
