#include "storage/metrics/cold_samples.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "storage/run_version.h"

namespace luma::storage {
namespace {

const RunPtr& RunOfView(const RunView& view) { return static_cast<const RunVersion&>(view).run(); }

// Keeps the wanted samples of one run, and the newest one of each series.
class Collector {
 public:
  explicit Collector(const ColdSamples::IsWanted& is_wanted) : is_wanted_(is_wanted) {}

  void Add(const SampleBlock& block) {
    for (const uint32_t row : block.rows) {
      ColdSamples::Sample sample{.series = SeriesId{block.series[row]},
                                 .timestamp = block.timestamps[row],
                                 .position = block.start + row,
                                 .value = block.values == nullptr ? 0 : block.values[row],
                                 .histogram = std::nullopt};
      if (block.histograms != nullptr) sample.histogram = block.histograms[row].view();
      if (is_wanted_(sample.series, sample.timestamp)) samples_.push_back(sample);
      const auto [newest, is_first] = newest_.try_emplace(block.series[row], sample);
      if (!is_first && newest->second.timestamp < sample.timestamp) newest->second = sample;
    }
  }
  std::vector<ColdSamples::Sample> Finish() {
    for (const auto& [series, sample] : newest_) {
      if (!is_wanted_(sample.series, sample.timestamp)) samples_.push_back(sample);
    }
    return std::move(samples_);
  }

 private:
  const ColdSamples::IsWanted& is_wanted_;
  std::vector<ColdSamples::Sample> samples_;
  boost::unordered_flat_map<uint64_t, ColdSamples::Sample> newest_;
};

}  // namespace

bool ColdSamples::IsCold(const RunView& run) { return RunOfView(run)->tier() == Tier::kCold; }

Status ColdSamples::Read(const TableSnapshot& table, const LateSamples& late,
                         const IsWanted& is_wanted) {
  const SeriesFilter filter(late.series);
  SampleScan scan;
  scan.table = &table;
  scan.series = &filter;
  scan.range = late.range;
  for (const auto& run : table.runs()) {
    if (!IsCold(*run) || Has(*run, late) || !scan.MayHaveRows(*run)) continue;
    Collector collector(is_wanted);
    scan.takes_run = [&](const RunView& other) { return &other == run.get(); };
    LUMA_RETURN_IF_ERROR(scan.Run([&](const SampleBlock& block) {
      collector.Add(block);
      return Status::Ok();
    }));
    const RunPtr& key = RunOfView(*run);
    runs_[key.get()] = {.run = key, .late = late, .samples = collector.Finish()};
  }
  return Status::Ok();
}

bool ColdSamples::Has(const RunView& run, const LateSamples& late) const {
  const auto found = runs_.find(RunOfView(run).get());
  if (found == runs_.end()) return false;
  const LateSamples& read = found->second.late;
  return late.series.isSubset(read.series) && read.range.min <= late.range.min &&
         late.range.max <= read.range.max;
}

void ColdSamples::Visit(const RunView& run, const std::function<void(const Sample&)>& visit) const {
  for (const Sample& sample : runs_.at(RunOfView(run).get()).samples) {
    if (!run.IsDeleted(sample.position)) visit(sample);
  }
}

}  // namespace luma::storage
