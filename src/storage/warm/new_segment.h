// The end of writing a segment file, shared by flushes and merges.
#pragma once

#include <memory>

#include "base/status.h"
#include "io/file_system.h"
#include "storage/warm/segment_reader.h"
#include "storage/warm/segment_writer.h"

namespace luma::storage {

struct NewSegment {
  SegmentFileInfo info;
  std::shared_ptr<const SegmentReader> reader;
};

// Finishes the writer of `path` and opens the file. It is durable on return and garbage until the
// manifest names it. Errors: those of both; no file is left then unless removing it failed as well.
Result<NewSegment> FinishAndOpen(io::FileSystem& fs, const io::Path& path, SegmentWriter& writer,
                                 ObjectId table, RunId run);

}  // namespace luma::storage
