#include "promql/start_times.h"

#include <string>

namespace luma::promql {

bool BeganAnew(const StartedAt& before, const StartedAt& now) {
  const bool is_known = now.start != 0 && now.start < now.time;
  if (!is_known || now.start < before.time) return false;
  if (now.start > before.time) return true;
  return before.start != 0 && before.start < before.time;
}

bool Overlap(const StartedAt& before, const StartedAt& now) {
  return now.start != 0 && now.start < before.time && now.start != before.start;
}

void WarnAboutOverlap(std::string_view metric, Annotations& annotations) {
  std::string text = "sample has start time that overlaps with previous sample timestamp";
  if (!metric.empty()) text.append(" for metric \"").append(metric).append("\"");
  annotations.Warn(text);
}

void Overlaps::FindFrom(size_t sample) {
  next_ = sample;
  while (!is_over() && !OverlapAt(series_, next_)) ++next_;
}

void Overlaps::WarnAbout(const Window& window, Annotations& annotations) {
  if (next_ <= window.first) FindFrom(window.first + 1);
  if (is_over() || next_ >= window.first + window.size()) return;
  WarnAboutOverlap(series_.labels.metric_name(), annotations);
  next_ = series_.start_times.size();
}

std::optional<UnixMillis> StartInside(const Window& window) {
  if (window.start_times.empty()) return std::nullopt;
  const UnixMillis start = window.start_times.front();
  const bool is_inside = start != 0 && start > window.start && start < window.times.front();
  return is_inside ? std::optional(start) : std::nullopt;
}

}  // namespace luma::promql
