#include "server/inspect.h"

#include <array>

#include "storage/manifest/manifest.h"
#include "storage/metrics/retired/series_partition_inspect.h"
#include "storage/retention/expiry_clock_file.h"
#include "storage/wal/wal_inspect.h"
#include "storage/warm/segment_inspect.h"

namespace luma::server {
namespace {

using Describe = Status (*)(io::FileSystem& fs, const io::Path& path, std::ostream& out);

// CURRENT is one line of text.
Status DescribeCurrent(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes file, io::ReadFile(fs, path));
  out << "current manifest: " << AsText(file);
  return Status::Ok();
}

Status DescribeExpiryClock(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes file, io::ReadFile(fs, path));
  const Result<UnixMillis> time = storage::DecodeExpiryClock(file);
  if (!time.ok()) return time.status().WithContext(path);
  out << "expiry clock: unix_ms=" << *time << '\n';
  return Status::Ok();
}

// Files whose content means nothing: only what they are for.
Status DescribeLock(io::FileSystem&, const io::Path&, std::ostream& out) {
  out << "lock of the data directory: held by a running server, always empty\n";
  return Status::Ok();
}

Status DescribeSpare(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, fs.FileSize(path));
  out << "spare log file: preallocated, waits to become a log file: file_bytes=" << bytes << '\n';
  return Status::Ok();
}

Status DescribeSpill(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const uint64_t bytes, fs.FileSize(path));
  out << "spilled rows of a running query, in DuckDB's form: file_bytes=" << bytes << '\n';
  return Status::Ok();
}

struct Format {
  std::string_view name_start;
  std::string_view name_end;
  std::string_view first_bytes;  // empty: known by its name only
  Describe describe;
};
constexpr Format kFormats[] = {
    {"wal-", ".log", "LumaWAL", storage::DescribeWal},
    {"MANIFEST-", "", "LUMAMANF", storage::DescribeManifest},
    {"", ".seg", "LSEG", storage::DescribeSegment},
    {"CURRENT", "CURRENT", "MANIFEST-", DescribeCurrent},
    {"expiry_clock", "expiry_clock", "LUMAXCLK", DescribeExpiryClock},
    {"", ".series", "LUMASPRT", storage::DescribeSeriesPartition},
    {"index", "index", "LUMASIDX", storage::DescribeSeriesIndex},
    {"LOCK", "LOCK", "", DescribeLock},
    {"wal-", ".spare", "", DescribeSpare},
    {"wal-", ".spare.tmp", "", DescribeSpare},
    {"duckdb_temp_", "", "", DescribeSpill},
};

Result<std::string> FirstBytes(io::FileSystem& fs, const io::Path& path) {
  LUMA_ASSIGN_OR_RETURN(const auto file, fs.OpenForRead(path));
  std::array<std::byte, 16> bytes;
  LUMA_ASSIGN_OR_RETURN(const size_t count, file->ReadSome(0, bytes));
  return std::string(AsText(ByteSpan(bytes).first(count)));
}

Result<Describe> DescriberOf(io::FileSystem& fs, const io::Path& path) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  for (const Format& format : kFormats) {
    if (name.starts_with(format.name_start) && name.ends_with(format.name_end)) {
      return format.describe;
    }
  }
  LUMA_ASSIGN_OR_RETURN(const std::string start, FirstBytes(fs, path));
  for (const Format& format : kFormats) {
    const bool has_mark = !format.first_bytes.empty();
    if (has_mark && start.starts_with(format.first_bytes)) return format.describe;
  }
  return Status::InvalidArgument("not a file of a known format: path=", path);
}

Status InspectFile(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Describe describe, DescriberOf(fs, path));
  out << "== " << path << '\n';
  return describe(fs, path, out);
}

// Goes on after an error, so that one damaged file does not hide the others; returns the first. A
// file of no format of ours is only named.
Status InspectFolder(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(path));
  Status first_error;
  for (const std::string& name : names) {
    const Status status = Inspect(fs, io::JoinPath(path, name), out);
    if (status.code() == StatusCode::kInvalidArgument) {
      out << "== " << io::JoinPath(path, name) << "\nnothing to decode\n";
    } else if (!status.ok()) {
      out << "error: " << status.message() << '\n';
      if (first_error.ok()) first_error = status;
    }
  }
  return first_error;
}

}  // namespace

Status Inspect(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const bool is_directory, fs.IsDirectory(path));
  return is_directory ? InspectFolder(fs, path, out) : InspectFile(fs, path, out);
}

}  // namespace luma::server
