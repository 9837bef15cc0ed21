#include "storage/metrics/retired/id_runs.h"

#include <vector>

namespace luma::storage {
namespace {

struct Run {
  uint64_t first;
  uint64_t last;
};

std::vector<Run> RunsOf(const SeriesBitmap& ids) {
  std::vector<Run> runs;
  for (const uint32_t id : ids) {
    if (!runs.empty() && runs.back().last + 1 == id) {
      runs.back().last = id;
    } else {
      runs.push_back({.first = id, .last = id});
    }
  }
  return runs;
}

}  // namespace

void AppendIdRuns(const SeriesBitmap& ids, ByteWriter& out) {
  const std::vector<Run> runs = RunsOf(ids);
  out.Varint(runs.size());
  uint64_t next = 0;
  for (const Run& run : runs) {
    out.Varint(run.first - next);
    out.Varint(run.last - run.first);
    next = run.last + 1;
  }
}

Result<SeriesBitmap> ReadIdRuns(ByteReader& in) {
  SeriesBitmap ids;
  const uint64_t count = in.Varint();
  uint64_t next = 0;
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint64_t gap = in.Varint();
    const uint64_t more = in.Varint();
    if (gap > UINT32_MAX || more > UINT32_MAX || next + gap + more > UINT32_MAX) {
      return Status::Corruption("bad runs of series ids");
    }
    const uint64_t first = next + gap;
    next = first + more + 1;
    if (more == 0) {
      ids.add(static_cast<uint32_t>(first));
    } else {
      ids.addRange(first, next);
    }
  }
  if (!in.ok()) return Status::Corruption("runs of series ids end early");
  return ids;
}

}  // namespace luma::storage
