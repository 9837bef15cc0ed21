#include "storage/manifest/manifest_codec.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "storage/catalog_codec.h"

namespace luma::storage {
namespace {

enum class Tag : uint8_t {
  kIdentity = 1,
  kEpoch = 2,
  kCheckpoint = 3,
  kNextObject = 4,
  kCatalog = 5,
  kTable = 6,
  kSequence = 7,
  kColdRuns = 8,
  kLayouts = 9,
};

void WriteTag(Tag tag, ByteWriter& out) { out.Fixed(static_cast<uint8_t>(tag)); }
template <typename Id>
void WriteId(Id id, ByteWriter& out) {
  out.Varint(static_cast<uint64_t>(id));
}

void WriteRun(const RunRecord& run, ByteWriter& out) {
  WriteId(run.id, out);
  out.Varint(run.row_count);
  out.LengthPrefixed(run.file_name);
  out.Varint(run.file_bytes);
  out.Fixed(run.footer_crc);
  out.LengthPrefixed(AsText(run.delete_bitmap));
}

void WriteColdRun(const RunRecord& run, ByteWriter& out) {
  WriteRun(run, out);
  out.LengthPrefixed(run.cold->key);
  out.Varint(run.cold->bytes);
  out.Fixed(run.cold->crc32c);
}

bool IsCold(const RunRecord& run) { return run.cold.has_value(); }

void WriteColdRuns(const TableEdit& table, ByteWriter& out) {
  WriteId(table.id, out);
  out.Varint(static_cast<uint64_t>(std::ranges::count_if(table.added, IsCold)));
  for (const RunRecord& run : table.added) {
    if (IsCold(run)) WriteColdRun(run, out);
  }
}

bool HasLayout(const RunRecord& run) { return run.layout != 0; }

void WriteLayouts(const TableEdit& table, ByteWriter& out) {
  WriteId(table.id, out);
  out.Varint(static_cast<uint64_t>(std::ranges::count_if(table.added, HasLayout)));
  for (const RunRecord& run : table.added) {
    if (!HasLayout(run)) continue;
    WriteId(run.id, out);
    out.Varint(run.layout);
  }
}

void WriteTable(const TableEdit& table, ByteWriter& out) {
  WriteId(table.id, out);
  WriteId(table.next_run.value_or(RunId{0}), out);
  out.Varint(table.removed.size());
  for (const RunId run : table.removed) WriteId(run, out);
  out.Varint(static_cast<uint64_t>(std::ranges::count_if(table.added, std::not_fn(IsCold))));
  for (const RunRecord& run : table.added) {
    if (!IsCold(run)) WriteRun(run, out);
  }
  out.Varint(table.bitmaps.size());
  for (const auto& [run, bitmap] : table.bitmaps) {
    WriteId(run, out);
    out.LengthPrefixed(AsText(bitmap));
  }
}

// Reads the parts of an edit. A bad field makes what follows read as zeros; ok() is asked at the
// end of every part.
class EditReader {
 public:
  explicit EditReader(ByteSpan payload) : in_(payload) {}

  bool at_end() const { return in_.remaining() == 0; }
  size_t offset() const { return in_.position(); }
  bool ok() const { return !bad_ && in_.ok(); }

  Status Part(ManifestEdit& edit) {
    switch (static_cast<Tag>(in_.Fixed<uint8_t>())) {
      case Tag::kIdentity:
        edit.uuid = Uuid();
        return Status::Ok();
      case Tag::kEpoch:
        edit.epoch = in_.Varint();
        return Status::Ok();
      case Tag::kCheckpoint:
        edit.checkpoint = ReadCheckpoint();
        return Status::Ok();
      case Tag::kNextObject:
        edit.next_object_id = Id<ObjectId>();
        return Status::Ok();
      case Tag::kCatalog: {
        LUMA_ASSIGN_OR_RETURN(CatalogChange change, DecodeCatalogChange(in_));
        edit.catalog.push_back(std::move(change));
        return Status::Ok();
      }
      case Tag::kTable:
        edit.tables.push_back(Table());
        return Status::Ok();
      case Tag::kSequence:
        edit.sequences.push_back(Sequence());
        return Status::Ok();
      case Tag::kColdRuns:
        AddColdRuns(edit);
        return Status::Ok();
      case Tag::kLayouts:
        SetLayouts(edit);
        return Status::Ok();
    }
    bad_ = true;
    return Status::Ok();
  }

 private:
  template <typename IdType>
  IdType Id() {
    return static_cast<IdType>(Number(UINT32_MAX));
  }
  uint64_t Number(uint64_t max) {
    const uint64_t number = in_.Varint();
    bad_ = bad_ || number > max;
    return number;
  }
  // Of elements that take at least one byte each, so that a count cannot exceed the bytes left.
  uint64_t Count() {
    const uint64_t count = in_.Varint();
    bad_ = bad_ || count > in_.remaining();
    return bad_ ? 0 : count;
  }
  Bytes Blob() {
    const ByteSpan bytes = AsBytes(in_.LengthPrefixed());
    return {bytes.begin(), bytes.end()};
  }

  DatabaseUuid Uuid() {
    DatabaseUuid uuid{};
    const ByteSpan bytes = in_.Raw(uuid.size());
    std::copy(bytes.begin(), bytes.end(), uuid.begin());
    return uuid;
  }
  Checkpoint ReadCheckpoint() {
    Checkpoint checkpoint;
    checkpoint.commit = CommitNumber{in_.Varint()};
    checkpoint.replay_from = Lsn{in_.Varint()};
    return checkpoint;
  }
  RunRecord Run() {
    RunRecord run;
    run.id = Id<RunId>();
    run.row_count = static_cast<uint32_t>(Number(UINT32_MAX));
    run.file_name = in_.LengthPrefixed();
    run.file_bytes = in_.Varint();
    run.footer_crc = in_.Fixed<uint32_t>();
    run.delete_bitmap = Blob();
    return run;
  }
  RunRecord ColdRun() {
    RunRecord run = Run();
    ColdObjectRecord object;
    object.key = in_.LengthPrefixed();
    object.bytes = in_.Varint();
    object.crc32c = in_.Fixed<uint32_t>();
    run.cold = std::move(object);
    return run;
  }
  // They belong to the table part right before.
  void AddColdRuns(ManifestEdit& edit) {
    const auto table = Id<ObjectId>();
    bad_ = bad_ || edit.tables.empty() || edit.tables.back().id != table;
    for (uint64_t left = Count(); left > 0; --left) edit.tables.back().added.push_back(ColdRun());
  }
  // Of runs that the parts of the table right before have added.
  void SetLayouts(ManifestEdit& edit) {
    const auto table = Id<ObjectId>();
    bad_ = bad_ || edit.tables.empty() || edit.tables.back().id != table;
    std::map<RunId, RunRecord*> added;
    const uint64_t count = Count();
    if (bad_) return;
    for (RunRecord& run : edit.tables.back().added) added[run.id] = &run;
    for (uint64_t left = count; left > 0; --left) {
      const auto found = added.find(Id<RunId>());
      const auto layout = static_cast<uint32_t>(Number(UINT32_MAX));
      bad_ = bad_ || found == added.end() || layout == 0;
      if (bad_) return;
      found->second->layout = layout;
    }
  }
  TableEdit Table() {
    TableEdit table;
    table.id = Id<ObjectId>();
    if (const auto next_run = Id<RunId>(); next_run != RunId{0}) table.next_run = next_run;
    for (uint64_t left = Count(); left > 0; --left) table.removed.push_back(Id<RunId>());
    for (uint64_t left = Count(); left > 0; --left) table.added.push_back(Run());
    for (uint64_t left = Count(); left > 0; --left) {
      const auto run = Id<RunId>();
      table.bitmaps.emplace_back(run, Blob());
    }
    return table;
  }
  std::pair<ObjectId, SequenceRecord> Sequence() {
    const auto id = Id<ObjectId>();
    SequenceRecord sequence;
    sequence.value = in_.SignedVarint();
    const auto is_called = in_.Fixed<uint8_t>();
    bad_ = bad_ || is_called > 1;
    sequence.is_called = is_called != 0;
    return {id, sequence};
  }

  ByteReader in_;
  bool bad_ = false;
};

}  // namespace

void EncodeManifestEdit(const ManifestEdit& edit, ByteWriter& out) {
  if (edit.uuid.has_value()) {
    WriteTag(Tag::kIdentity, out);
    out.Raw(*edit.uuid);
  }
  if (edit.epoch.has_value()) {
    WriteTag(Tag::kEpoch, out);
    out.Varint(*edit.epoch);
  }
  if (edit.checkpoint.has_value()) {
    WriteTag(Tag::kCheckpoint, out);
    WriteId(edit.checkpoint->commit, out);
    WriteId(edit.checkpoint->replay_from, out);
  }
  if (edit.next_object_id.has_value()) {
    WriteTag(Tag::kNextObject, out);
    WriteId(*edit.next_object_id, out);
  }
  for (const CatalogChange& change : edit.catalog) {
    WriteTag(Tag::kCatalog, out);
    EncodeCatalogChange(change, out);
  }
  for (const TableEdit& table : edit.tables) {
    WriteTag(Tag::kTable, out);
    WriteTable(table, out);
    if (std::ranges::any_of(table.added, IsCold)) {
      WriteTag(Tag::kColdRuns, out);
      WriteColdRuns(table, out);
    }
    if (std::ranges::any_of(table.added, HasLayout)) {
      WriteTag(Tag::kLayouts, out);
      WriteLayouts(table, out);
    }
  }
  for (const auto& [id, sequence] : edit.sequences) {
    WriteTag(Tag::kSequence, out);
    WriteId(id, out);
    out.SignedVarint(sequence.value);
    out.Fixed(static_cast<uint8_t>(sequence.is_called));
  }
}

Result<ManifestEdit> DecodeManifestEdit(ByteSpan payload) {
  ManifestEdit edit;
  EditReader reader(payload);
  while (!reader.at_end()) {
    const size_t offset = reader.offset();
    LUMA_RETURN_IF_ERROR(reader.Part(edit));
    if (!reader.ok()) return Status::Corruption("bad part of a manifest edit: offset=", offset);
  }
  return edit;
}

}  // namespace luma::storage
