#include "storage/metrics/series_directory.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace luma::storage {
namespace {

bool Overlap(TimeRange a, TimeRange b) { return a.min <= b.max && b.min <= a.max; }

// Those that look up a few values go first, as in the registry.
Status FilterAll(const Matchers& matchers, const SeriesPartition& partition, SeriesBitmap& ids) {
  for (const bool has_literals : {true, false}) {
    for (const Matcher& matcher : matchers) {
      if (matcher.literals().empty() == has_literals || ids.isEmpty()) continue;
      LUMA_RETURN_IF_ERROR(partition.Filter(matcher, ids));
    }
  }
  return Status::Ok();
}

std::set<std::string> ToSet(std::vector<std::string> all) {
  return {std::make_move_iterator(all.begin()), std::make_move_iterator(all.end())};
}

std::vector<std::string> ToVector(std::set<std::string> all) { return {all.begin(), all.end()}; }

}  // namespace

Status SeriesDirectory::ReadAll(const std::function<Status(const RetiredView&)>& read) const {
  for (RetiredViewPtr view = retired_.view();;) {
    const Status status = read(*view);
    RetiredViewPtr after = retired_.view();
    if (after == view) return status;
    view = std::move(after);
  }
}

Result<SeriesBitmap> SeriesDirectory::Select(const Matchers& matchers, TimeRange times) const {
  SeriesBitmap ids;
  LUMA_RETURN_IF_ERROR(ReadAll([&](const RetiredView& view) {
    ids = registry_.SelectActive(matchers);
    for (const RetiredPartition& partition : view) {
      if (!Overlap(partition.file->times(), times)) continue;
      SeriesBitmap of_partition = *partition.live;
      LUMA_RETURN_IF_ERROR(FilterAll(matchers, *partition.file, of_partition));
      ids |= of_partition;
    }
    return Status::Ok();
  }));
  return ids;
}

Result<std::vector<std::string>> SeriesDirectory::LabelNames(const SeriesBitmap& ids) const {
  std::set<std::string> names;
  LUMA_RETURN_IF_ERROR(ReadAll([&](const RetiredView& view) {
    names = ToSet(registry_.LabelNames(ids));
    for (const RetiredPartition& partition : view) {
      const SeriesBitmap of_partition = *partition.live & ids;
      if (of_partition.isEmpty()) continue;
      LUMA_RETURN_IF_ERROR(partition.file->AddLabelNames(of_partition, names));
    }
    return Status::Ok();
  }));
  return ToVector(std::move(names));
}

Result<std::vector<std::string>> SeriesDirectory::LabelValues(std::string_view name,
                                                              const SeriesBitmap& ids) const {
  std::set<std::string> values;
  LUMA_RETURN_IF_ERROR(ReadAll([&](const RetiredView& view) {
    values = ToSet(registry_.LabelValues(name, ids));
    for (const RetiredPartition& partition : view) {
      const SeriesBitmap of_partition = *partition.live & ids;
      if (of_partition.isEmpty()) continue;
      LUMA_RETURN_IF_ERROR(partition.file->AddLabelValues(name, of_partition, values));
    }
    return Status::Ok();
  }));
  return ToVector(std::move(values));
}

Result<std::optional<Labels>> LabelsReader::Of(SeriesId id) {
  std::optional<Labels> labels;
  std::string canonical;
  LUMA_RETURN_IF_ERROR(directory_.ReadAll([&](const RetiredView& view) -> Status {
    labels.reset();
    canonical.clear();
    if (directory_.registry_.AppendLabels(id, canonical)) {
      labels = Labels(LabelsView(canonical));
      return Status::Ok();
    }
    return FindIn(view, static_cast<uint32_t>(id), labels);
  }));
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
