#include "storage/metrics/retired/series_partition_inspect.h"

#include <fmt/ostream.h>

#include "storage/metrics/retired/series_index_file.h"
#include "storage/metrics/retired/series_partition.h"

namespace luma::storage {

Status DescribeSeriesPartition(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
  LUMA_ASSIGN_OR_RETURN(const auto partition, SeriesPartition::Open(std::move(file)));
  out << "series partition: min_ms=" << partition->times().min
      << " max_ms=" << partition->times().max << " series=" << partition->ids().cardinality()
      << " file_bytes=" << partition->file_bytes() << '\n';
  return partition->VisitLabels(partition->ids(), [&out](uint32_t id, LabelsView labels) {
    out << "series: id=" << id << " labels=" << labels.ToString() << '\n';
    return Status::Ok();
  });
}

Status DescribeSeriesIndex(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path));
  const Result<SeriesIndexFile> index = DecodeSeriesIndex(bytes);
  if (!index.ok()) return index.status().WithContext(path);
  out << "list of series partitions: uuid=";
  for (const std::byte byte : index->uuid) fmt::print(out, "{:02x}", static_cast<int>(byte));
  out << " epoch=" << index->epoch << " next_number=" << index->next_number << '\n';
  for (const SeriesIndexFile::Partition& partition : index->partitions) {
    out << "partition: number=" << partition.number << " directory_crc32c=" << partition.crc
        << " series_gone=" << partition.gone.cardinality() << '\n';
  }
  return Status::Ok();
}

}  // namespace luma::storage
