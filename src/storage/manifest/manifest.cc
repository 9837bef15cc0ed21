#include "storage/manifest/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/crc32c.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "storage/manifest/manifest_codec.h"

namespace luma::storage {
namespace {

constexpr std::string_view kCurrentName = "CURRENT";

std::string CurrentLine(uint32_t number) {
  const std::string name = ManifestFileName(number);
  return fmt::format("{} {:08x}\n", name, Crc32c(AsBytes(name)));
}

// The number of the file in use; nothing when there is no CURRENT.
Result<std::optional<uint32_t>> ReadCurrent(io::FileSystem& fs, const io::Path& directory) {
  const io::Path path = io::JoinPath(directory, kCurrentName);
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs.Exists(path));
  if (!exists) return std::optional<uint32_t>();
  LUMA_ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path));
  const std::string_view line = AsText(bytes);
  const std::optional<uint32_t> number = ManifestFileNumber(line.substr(0, line.find(' ')));
  if (!number.has_value() || line != CurrentLine(*number)) {
    return Status::Corruption("bad name of the manifest in use: path=", path, " offset=0");
  }
  return number;
}

// Numbers of the MANIFEST files in `directory`, ascending.
Result<std::vector<uint32_t>> ListFiles(io::FileSystem& fs, const io::Path& directory) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(directory));
  std::vector<uint32_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = ManifestFileNumber(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status ApplyRecord(ByteSpan payload, ManifestState& state) {
  LUMA_ASSIGN_OR_RETURN(const ManifestEdit edit, DecodeManifestEdit(payload));
  const Status applied = state.Apply(edit);
  // What the writer refuses cannot have been written.
  return applied.ok() ? applied : Status::Corruption(applied.message());
}

Result<ManifestState> ReadManifestFile(io::FileSystem& fs, const io::Path& directory,
                                       uint32_t number) {
  const io::Path path = io::JoinPath(directory, ManifestFileName(number));
  LUMA_ASSIGN_OR_RETURN(const bool exists, fs.Exists(path));
  if (!exists) return Status::Corruption("manifest in use is missing: path=", path, " offset=0");
  LUMA_ASSIGN_OR_RETURN(const Bytes file, io::ReadFile(fs, path));
  LUMA_ASSIGN_OR_RETURN(ManifestFileReader reader, ManifestFileReader::Open(file, path));
  if (reader.number() != number) {
    return Status::Corruption("manifest of another number: path=", path, " offset=12");
  }
  ManifestState state;
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const std::optional<ByteSpan> payload, reader.Next());
    if (!payload.has_value()) return state;
    LUMA_RETURN_IF_ERROR(ApplyRecord(*payload, state)
                             .WithContext(fmt::format("manifest record: path={} offset={}", path,
                                                      reader.record_offset())));
  }
}

// Without CURRENT, files of a first start that did not get far are harmless; one that was ever in
// use means that CURRENT has been lost, and with it, silently, the database.
Status CheckNeverInUse(io::FileSystem& fs, const io::Path& directory) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListFiles(fs, directory));
  for (const uint32_t number : numbers) {
    const io::Path path = io::JoinPath(directory, ManifestFileName(number));
    LUMA_ASSIGN_OR_RETURN(const Bytes file, io::ReadFile(fs, path));
    const auto reader = ManifestFileReader::Open(file, path);
    if (reader.ok() && reader->HasSealFrom(kManifestHeaderBytes)) {
      return Status::Corruption("name of the manifest in use is missing: path=",
                                io::JoinPath(directory, kCurrentName), " offset=0 found=", path);
    }
  }
  return Status::Ok();
}

// The state that CURRENT leads to; nothing when the directory holds no manifest.
Result<std::optional<ManifestState>> Load(io::FileSystem& fs, const io::Path& directory) {
  LUMA_ASSIGN_OR_RETURN(const std::optional<uint32_t> number, ReadCurrent(fs, directory));
  if (!number.has_value()) {
    LUMA_RETURN_IF_ERROR(CheckNeverInUse(fs, directory));
    return std::optional<ManifestState>();
  }
  LUMA_ASSIGN_OR_RETURN(ManifestState state, ReadManifestFile(fs, directory, *number));
  return std::optional(std::move(state));
}

Bytes EncodeEdit(const ManifestEdit& edit) {
  Bytes payload;
  ByteWriter writer(payload);
  EncodeManifestEdit(edit, writer);
  return payload;
}

}  // namespace

DatabaseUuid NewDatabaseUuid() {
  std::random_device device;
  DatabaseUuid uuid;
  for (size_t i = 0; i < uuid.size(); i += 4) StoreLe(uuid.data() + i, uint32_t{device()});
  return uuid;
}

Result<Manifest::Opened> Manifest::Open(io::FileSystem& fs, const io::Path& directory,
                                        ManifestOptions options) {
  LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  LUMA_ASSIGN_OR_RETURN(std::optional<ManifestState> found, Load(fs, directory));
  Opened opened;
  opened.created = !found.has_value();
  if (found.has_value()) {
    opened.state = *std::move(found);
  } else {
    opened.state.uuid = NewDatabaseUuid();
  }
  ++opened.state.epoch;
  opened.manifest.reset(new Manifest(fs, directory, options));
  const Status started = opened.manifest->Start(opened.state);
  // The first Append begins a file as well. Until then nothing changes that a manifest records.
  if (started.code() == StatusCode::kDiskFull && !opened.created) {
    LUMA_LOG(kWarn, "storage", "the manifest waits for room on the disk: {}", started.message());
    return opened;
  }
  LUMA_RETURN_IF_ERROR(started);
  return opened;
}

Result<ManifestState> Manifest::Read(io::FileSystem& fs, const io::Path& directory) {
  LUMA_ASSIGN_OR_RETURN(std::optional<ManifestState> found, Load(fs, directory));
  if (!found.has_value()) return Status::NotFound("no manifest: path=", directory);
  return *std::move(found);
}

Status Manifest::Create(io::FileSystem& fs, const io::Path& directory, const ManifestState& state) {
  LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory));
  return Manifest(fs, directory, {}).Start(state);
}

Manifest::Manifest(io::FileSystem& fs, io::Path directory, ManifestOptions options)
    : fs_(fs), directory_(std::move(directory)), options_(options) {}
Manifest::~Manifest() = default;

Status Manifest::Start(const ManifestState& state) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListFiles(fs_, directory_));
  last_number_ = numbers.empty() ? 0 : numbers.back();
  state_ = state;
  return StartFile(state);
}

Status Manifest::Append(const ManifestEdit& edit) {
  MutexLock lock(mutex_);
  ManifestState next = state_;
  LUMA_RETURN_IF_ERROR(next.Apply(edit));
  if (writer_ != nullptr && writer_->file_bytes() < options_.file_bytes_max) {
    LUMA_RETURN_IF_ERROR(AppendToFile(edit));
  } else {
    LUMA_RETURN_IF_ERROR(StartFile(next));
  }
  state_ = std::move(next);
  return Status::Ok();
}

Status Manifest::KeepEpoch() {
  MutexLock lock(mutex_);
  return is_epoch_kept_ ? Status::Ok() : StartFile(state_);
}

Status Manifest::AppendToFile(const ManifestEdit& edit) {
  const Status written = writer_->Append(EncodeEdit(edit));
  // Without a seal the record is durable all the same, but the file must not be continued: a reader
  // could not tell later damage of that record from a torn tail.
  if (!written.ok() || !writer_->Seal().ok()) writer_.reset();
  return written;
}

Status Manifest::StartFile(const ManifestState& state) {
  writer_.reset();
  const uint32_t number = ++last_number_;
  const io::Path path = io::JoinPath(directory_, ManifestFileName(number));
  LUMA_ASSIGN_OR_RETURN(auto writer, ManifestFileWriter::Create(fs_, path, number));
  LUMA_RETURN_IF_ERROR(writer->Append(EncodeEdit(state.ToEdit())));
  LUMA_FAILPOINT("manifest.before_directory_sync");
  LUMA_RETURN_IF_ERROR(fs_.SyncDirectory(directory_));  // before CURRENT names it
  LUMA_FAILPOINT("manifest.before_switch");
  LUMA_RETURN_IF_ERROR(io::WriteFileAtomically(fs_, io::JoinPath(directory_, kCurrentName),
                                               AsBytes(CurrentLine(number))));
  LUMA_FAILPOINT("manifest.after_switch");
  is_epoch_kept_ = true;
  if (writer->Seal().ok()) writer_ = std::move(writer);
  RemoveOtherFiles(number);
  return Status::Ok();
}

// A file that cannot be removed costs space only; the next start tries again.
void Manifest::RemoveOtherFiles(uint32_t current) {
  const auto remove = [&]() -> Status {
    LUMA_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListFiles(fs_, directory_));
    for (const uint32_t number : numbers) {
      if (number == current) continue;
      LUMA_FAILPOINT("manifest.before_remove");
      LUMA_RETURN_IF_ERROR(fs_.Remove(io::JoinPath(directory_, ManifestFileName(number))));
    }
    return Status::Ok();
  };
  if (const Status removed = remove(); !removed.ok()) {
    LUMA_LOG(kWarn, "storage", "old manifest not removed: directory={} error={}", directory_,
             removed.message());
  }
}

ManifestState Manifest::State() const {
  MutexLock lock(mutex_);
  return state_;
}

uint64_t Manifest::file_bytes() const {
  MutexLock lock(mutex_);
  return writer_ == nullptr ? 0 : writer_->file_bytes();
}

}  // namespace luma::storage
