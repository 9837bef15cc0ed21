#include <fmt/format.h>
#include <fmt/ostream.h>

#include "storage/manifest/manifest.h"
#include "storage/manifest/manifest_codec.h"

namespace luma::storage {
namespace {

void DescribeChange(const CatalogChange& change, std::ostream& out) {
  if (change.put == nullptr) {
    fmt::print(out, "  drop object: id={}\n", static_cast<uint32_t>(change.id));
    return;
  }
  fmt::print(out, "  object: id={} kind={} schema={} name={} modified={}\n",
             static_cast<uint32_t>(change.id), static_cast<int>(change.put->kind),
             static_cast<uint32_t>(change.put->schema_id), change.put->name,
             static_cast<uint64_t>(change.put->modified));
}

void DescribeRun(const RunRecord& run, std::ostream& out) {
  fmt::print(out,
             "    run: id={} rows={} file={} bytes={} footer_crc={:08x} delete_bitmap_bytes={}",
             static_cast<uint32_t>(run.id), run.row_count, run.file_name, run.file_bytes,
             run.footer_crc, run.delete_bitmap.size());
  if (run.cold) {
    fmt::print(out, " tier=cold object={} object_bytes={} object_crc={:08x}", run.cold->key,
               run.cold->bytes, run.cold->crc32c);
  }
  fmt::print(out, "\n");
}

void DescribeTable(const TableEdit& table, std::ostream& out) {
  fmt::print(out, "  table: id={}", static_cast<uint32_t>(table.id));
  if (table.next_run.has_value())
    fmt::print(out, " next_run={}", static_cast<uint32_t>(*table.next_run));
  fmt::print(out, "\n");
  for (const RunId run : table.removed) {
    fmt::print(out, "    remove run: id={}\n", static_cast<uint32_t>(run));
  }
  for (const RunRecord& run : table.added) DescribeRun(run, out);
  for (const auto& [run, bitmap] : table.bitmaps) {
    fmt::print(out, "    delete bitmap: run={} bytes={}\n", static_cast<uint32_t>(run),
               bitmap.size());
  }
}

void DescribeEdit(const ManifestEdit& edit, std::ostream& out) {
  if (edit.uuid.has_value()) {
    fmt::print(out, "  database: uuid=");
    for (const std::byte byte : *edit.uuid) fmt::print(out, "{:02x}", static_cast<int>(byte));
    fmt::print(out, "\n");
  }
  if (edit.epoch.has_value()) fmt::print(out, "  epoch: {}\n", *edit.epoch);
  if (edit.checkpoint.has_value()) {
    fmt::print(out, "  checkpoint: commit={} replay_from={}\n",
               static_cast<uint64_t>(edit.checkpoint->commit),
               ToNumber(edit.checkpoint->replay_from));
  }
  if (edit.next_object_id.has_value()) {
    fmt::print(out, "  next object: id={}\n", static_cast<uint32_t>(*edit.next_object_id));
  }
  for (const CatalogChange& change : edit.catalog) DescribeChange(change, out);
  for (const TableEdit& table : edit.tables) DescribeTable(table, out);
  for (const auto& [id, sequence] : edit.sequences) {
    fmt::print(out, "  sequence: id={} value={} is_called={}\n", static_cast<uint32_t>(id),
               sequence.value, sequence.is_called);
  }
}

void DescribeRecord(const ManifestFileReader& reader, ByteSpan payload, std::ostream& out) {
  fmt::print(out, "record: offset={} sequence={} payload_bytes={}\n", reader.record_offset(),
             reader.sequence(), payload.size());
  const auto edit = DecodeManifestEdit(payload);
  if (edit.ok()) {
    DescribeEdit(*edit, out);
  } else {
    fmt::print(out, "  damage: {}\n", edit.status().message());
  }
}

void DescribeRecords(ManifestFileReader& reader, std::ostream& out) {
  while (true) {
    const auto next = reader.Next();
    if (!next.ok()) {
      fmt::print(out, "damage: {}\n", next.status().message());
      return;
    }
    const std::optional<ByteSpan> payload = *next;
    if (!payload.has_value()) {
      fmt::print(out, "end: torn_bytes={}\n", reader.bytes_left());
      return;
    }
    DescribeRecord(reader, *payload, out);
  }
}

}  // namespace

Status DescribeManifest(io::FileSystem& fs, const io::Path& path, std::ostream& out) {
  LUMA_ASSIGN_OR_RETURN(const Bytes file, io::ReadFile(fs, path));
  auto reader = ManifestFileReader::Open(file, path);
  if (!reader.ok()) {
    fmt::print(out, "damage: {}\n", reader.status().message());
    return Status::Ok();
  }
  fmt::print(out, "manifest: number={} version={} bytes={}\n", reader->number(), reader->version(),
             file.size());
  DescribeRecords(*reader, out);
  return Status::Ok();
}

}  // namespace luma::storage
