#include "storage/metrics/series_directory.h"

#include <algorithm>
#include <utility>

#include "storage/metrics/wanted_rows.h"

namespace luma::storage {
namespace {

bool Overlap(TimeRange a, TimeRange b) { return a.min <= b.max && b.min <= a.max; }

// The memory tells whether the reader has been cancelled.
Status CheckStillWanted(const ReadLimits& limits) {
  LUMA_RETURN_IF_ERROR(storage::CheckStillWanted(limits.deadline, nullptr));
  return limits.memory == nullptr ? Status::Ok() : limits.memory->Book(0);
}

// Those that look up a few values go first, as in the registry.
Status FilterAll(const Matchers& matchers, const SeriesPartition& partition,
                 const ReadLimits& limits, SeriesBitmap& ids) {
  for (const bool has_literals : {true, false}) {
    for (const Matcher& matcher : matchers) {
      if (matcher.literals().empty() == has_literals || ids.isEmpty()) continue;
      LUMA_RETURN_IF_ERROR(CheckStillWanted(limits));
      LUMA_RETURN_IF_ERROR(partition.Filter(matcher, ids));
    }
  }
  return Status::Ok();
}

}  // namespace

RetiredViewPtr SeriesDirectory::AskBoth(const std::function<void()>& ask_registry) const {
  while (true) {
    const uint64_t additions = retired_.additions();
    RetiredViewPtr view = retired_.view();
    ask_registry();
    if (retired_.additions() == additions) return view;
  }
}

Result<SeriesBitmap> SeriesDirectory::Select(const Matchers& matchers, TimeRange times,
                                             const ReadLimits& limits) const {
  LUMA_RETURN_IF_ERROR(CheckStillWanted(limits));
  SeriesBitmap ids;
  const RetiredViewPtr view = AskBoth([&] { ids = registry_.SelectActive(matchers); });
  for (const RetiredPartition& partition : *view) {
    if (!Overlap(partition.file->times(), times)) continue;
    SeriesBitmap of_partition = *partition.live;
    LUMA_RETURN_IF_ERROR(FilterAll(matchers, *partition.file, limits, of_partition));
    ids |= of_partition;
  }
  return ids;
}

Result<std::vector<std::string>> SeriesDirectory::LabelNames(const SeriesBitmap& ids,
                                                             const ReadLimits& limits) const {
  return Texts(
      ids, limits,
      [&](TextSet& names) {
        for (const std::string& name : registry_.LabelNames(ids)) {
          LUMA_RETURN_IF_ERROR(names.Add(name));
        }
        return Status::Ok();
      },
      [](const SeriesPartition& partition, const SeriesBitmap& of_partition, TextSet& names) {
        return partition.AddLabelNames(of_partition, names);
      });
}

Result<std::vector<std::string>> SeriesDirectory::LabelValues(std::string_view name,
                                                              const SeriesBitmap& ids,
                                                              const ReadLimits& limits) const {
  return Texts(
      ids, limits, [&](TextSet& values) { return registry_.AddLabelValues(name, ids, values); },
      [name](const SeriesPartition& partition, const SeriesBitmap& of_partition, TextSet& values) {
        return partition.AddLabelValues(name, of_partition, values);
      });
}

Result<std::vector<std::string>> SeriesDirectory::Texts(const SeriesBitmap& ids,
                                                        const ReadLimits& limits,
                                                        const AddActive& add_active,
                                                        const AddRetired& add_retired) const {
  TextSet texts(limits.memory);
  Status added = Status::Ok();
  const RetiredViewPtr view = AskBoth([&] { added = add_active(texts); });
  LUMA_RETURN_IF_ERROR(added);
  for (const RetiredPartition& partition : *view) {
    const SeriesBitmap of_partition = *partition.live & ids;
    if (of_partition.isEmpty()) continue;
    LUMA_RETURN_IF_ERROR(CheckStillWanted(limits));
    LUMA_RETURN_IF_ERROR(add_retired(*partition.file, of_partition, texts));
  }
  return std::move(texts).Take();
}

Result<std::optional<Labels>> LabelsReader::Of(SeriesId id) {
  std::optional<Labels> labels;
  std::string canonical;
  bool is_active = false;
  const RetiredViewPtr view = directory_.AskBoth([&] {
    canonical.clear();
    is_active = directory_.registry_.AppendLabels(id, canonical);
  });
  if (is_active) {
    labels = Labels(LabelsView(canonical));
  } else {
    LUMA_RETURN_IF_ERROR(FindIn(*view, static_cast<uint32_t>(id), labels));
  }
  return labels;
}

Status LabelsReader::FindIn(const RetiredView& view, uint32_t id, std::optional<Labels>& labels) {
  const bool is_in_last = last_ != nullptr && last_->ids().contains(id);
  if (!is_in_last) {
    const auto has_id = [id](const RetiredPartition& one) { return one.live->contains(id); };
    const auto found = std::ranges::find_if(view, has_id);
    if (found == view.end()) return Status::Ok();
    labels_.reset();
    last_ = found->file;
    labels_.emplace(*last_);
  }
  LUMA_ASSIGN_OR_RETURN(const LabelsView of_series, labels_->Of(id));
  labels = Labels(of_series);
  return Status::Ok();
}

}  // namespace luma::storage
