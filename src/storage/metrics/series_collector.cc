#include "storage/metrics/series_collector.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "model/histogram_codec.h"

namespace luma::storage {
namespace {

// A histogram's place among the samples of its series, collected, in order, and in the result.
constexpr uint64_t kHistogramPlaceBytes = sizeof(Sample) + 6 * sizeof(HistogramPtr);
// A series' place among those that were found.
constexpr uint64_t kPlaceBytes = sizeof(uint32_t);
// Room is made for at most so many times the samples that are there.
constexpr double kExpectedTimesMax = 4;

}  // namespace

Status SeriesCollector::MakePlaces() {
  LUMA_RETURN_IF_ERROR(Book(filter_.size() * kPlaceBytes));
  places_.resize(filter_.size());
  return Status::Ok();
}

Status SeriesCollector::Add(const SampleBlock& block) {
  LUMA_RETURN_IF_ERROR(CountSamples(block.rows.size()));
  if (block.histograms != nullptr) return AddHistograms(block);
  for (const RowStretch& stretch : block.rows.stretches()) {
    const size_t count = stretch.end - stretch.begin;
    LUMA_ASSIGN_OR_RETURN(CollectedSeries* const series, Of(block.series[stretch.begin]));
    LUMA_RETURN_IF_ERROR(AddFloats(*series, {block.timestamps + stretch.begin, count},
                                   {block.values + stretch.begin, count}));
  }
  return Status::Ok();
}

Status SeriesCollector::Add(const RollupRow& row) {
  LUMA_RETURN_IF_ERROR(CountSamples(1));
  LUMA_RETURN_IF_ERROR(Book(sizeof(Sample) + sizeof(Rollup) + sizeof(RollupPoint)));
  LUMA_ASSIGN_OR_RETURN(CollectedSeries* const series, Of(row.series));
  series->Add(row.rollup);
  return Status::Ok();
}

Status SeriesCollector::AddStartTimes(const SampleBlock& block) {
  LUMA_RETURN_IF_ERROR(Book(block.rows.size() * sizeof(Sample)));
  for (const uint32_t row : block.rows) {
    LUMA_ASSIGN_OR_RETURN(CollectedSeries* const series, Of(block.series[row]));
    series->AddStartTime(block.timestamps[row], block.starts[row]);
  }
  return Status::Ok();
}

Status SeriesCollector::Add(CollectedSeries&& of_series) {
  LUMA_ASSIGN_OR_RETURN(CollectedSeries* const series,
                        Of(static_cast<uint64_t>(of_series.series())));
  if (series->float_count() > 0) {
    LUMA_RETURN_IF_ERROR(MakeRoomFor(of_series.float_count(), {}, *series));
  }
  series->Append(std::move(of_series));
  return Status::Ok();
}

CollectedSeries* SeriesCollector::Find(uint64_t series) {
  const uint32_t place = places_[filter_.Rank(series)];
  return place == 0 ? nullptr : &collected_[place - 1];
}

Status SeriesCollector::AddFloats(CollectedSeries& series, std::span<const UnixMillis> timestamps,
                                  std::span<const double> values) {
  LUMA_RETURN_IF_ERROR(MakeRoomFor(values.size(), timestamps, series));
  series.Add(timestamps, values);
  return Status::Ok();
}

// `timestamps` are those of the first samples.
Status SeriesCollector::MakeRoomFor(size_t more, std::span<const UnixMillis> timestamps,
                                    CollectedSeries& series) {
  const size_t count = series.float_count() + more;
  if (count <= series.float_capacity()) return Status::Ok();
  const size_t had = series.float_capacity();
  size_t room = had == 0 ? Expected(timestamps) : 2 * count;
  if (!Book((room - had) * sizeof(Sample)).ok()) {
    room = count;
    LUMA_RETURN_IF_ERROR(Book((room - had) * sizeof(Sample)));
  }
  series.Reserve(room);
  return Status::Ok();
}

// How many samples the series will have, if the rest of the range has them as closely as these.
size_t SeriesCollector::Expected(std::span<const UnixMillis> timestamps) const {
  const auto count = static_cast<double>(timestamps.size());
  const double begin = static_cast<double>(timestamps.front());
  const double covered = static_cast<double>(timestamps.back()) - begin;
  const double ahead = static_cast<double>(range_.max) - begin;
  const double times = covered <= 0 ? 1 : std::min(ahead / covered, kExpectedTimesMax);
  return timestamps.size() + static_cast<size_t>(std::max(times - 1, 0.0) * count);
}

Status SeriesCollector::AddHistograms(const SampleBlock& block) {
  LUMA_RETURN_IF_ERROR(Book(block.rows.size() * kHistogramPlaceBytes));
  for (const uint32_t row : block.rows) {
    const std::string_view bytes = block.histograms[row].view();
    LUMA_RETURN_IF_ERROR(MakeRoom(DecodedHistogramBytesMax(bytes)));
    LUMA_ASSIGN_OR_RETURN(StoredHistogram stored, DecodeHistogram(bytes));
    auto histogram = std::make_shared<FloatHistogram>(std::move(stored.histogram));
    room_bytes_ -= HistogramBytes(*histogram);
    LUMA_ASSIGN_OR_RETURN(CollectedSeries* const series, Of(block.series[row]));
    const UnixMillis time = block.timestamps[row];
    series->Add(time, std::move(histogram));
    if (limits_.with_start_times && stored.age_ms != 0) {
      series->AddStartTime(time, time - stored.age_ms);
    }
  }
  return Status::Ok();
}

// What a histogram takes is known once it is decoded, and until then only what it may take.
Status SeriesCollector::MakeRoom(uint64_t bytes) {
  if (bytes <= room_bytes_) return Status::Ok();
  LUMA_RETURN_IF_ERROR(Book(bytes - room_bytes_));
  room_bytes_ = bytes;
  return Status::Ok();
}

Status SeriesCollector::CountSamples(uint64_t count) {
  if (counts_.samples.fetch_add(count) + count <= limits_.samples_max) return Status::Ok();
  return Status::TooLarge("query reads too many samples: limit=", limits_.samples_max);
}

Result<CollectedSeries*> SeriesCollector::Of(uint64_t series) {
  uint32_t& place = places_[filter_.Rank(series)];
  if (place == 0) {
    if (collected_.size() == collected_.capacity()) LUMA_RETURN_IF_ERROR(GrowCollected());
    collected_.emplace_back(SeriesId{series});
    place = static_cast<uint32_t>(collected_.size());
  }
  return &collected_[place - 1];
}

// The list and the larger one it moves to are there at a time.
Status SeriesCollector::GrowCollected() {
  const size_t capacity = std::max<size_t>(2 * collected_.capacity(), 16);
  LUMA_RETURN_IF_ERROR(Book(capacity * sizeof(CollectedSeries)));
  collected_.reserve(capacity);
  return Status::Ok();
}

}  // namespace luma::storage
