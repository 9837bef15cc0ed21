#include "storage/warm/new_segment.h"

#include <utility>

#include "base/log.h"

namespace luma::storage {
namespace {

Result<NewSegment> TryFinishAndOpen(io::FileSystem& fs, const io::Path& path, SegmentWriter& writer,
                                    ObjectId table, RunId run) {
  NewSegment written;
  LUMA_ASSIGN_OR_RETURN(written.info, writer.Finish());
  const ExpectedSegment expected{.table_id = table, .run_id = run, .file = written.info};
  LUMA_ASSIGN_OR_RETURN(written.reader, SegmentReader::Open(fs, path, expected));
  return written;
}

// The file may have got its name before something failed. If it stays, the next start removes it.
void RemoveGarbage(io::FileSystem& fs, const io::Path& path) {
  const Status removed = fs.Remove(path);
  if (removed.ok() || removed.code() == StatusCode::kNotFound) return;
  LUMA_LOG(kWarn, "storage", "unused segment stays: {}", removed.message());
}

}  // namespace

Result<NewSegment> FinishAndOpen(io::FileSystem& fs, const io::Path& path, SegmentWriter& writer,
                                 ObjectId table, RunId run) {
  Result<NewSegment> written = TryFinishAndOpen(fs, path, writer, table, run);
  if (!written.ok()) RemoveGarbage(fs, path);
  return written;
}

}  // namespace luma::storage
