#include "io/sim_disk.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"

namespace luma::io {
namespace {

constexpr uint64_t kSectorBytes = 512;

// One file, apart from its names.
struct Inode {
  Bytes live;                // what reads see
  Bytes durable;             // what a power cut certainly leaves
  std::set<uint64_t> dirty;  // sectors where live may differ from durable
};
using InodePtr = std::shared_ptr<Inode>;
using Names = std::map<Path, InodePtr>;

// A directory operation that no SyncDirectory has covered yet. Create: only `to`; remove: only
// `from`.
struct NameChange {
  Path from;
  Path to;
  InodePtr inode;
  std::set<Path> unsynced_directories;

  bool DependsOn(const NameChange& earlier) const {
    if (inode == earlier.inode) return true;
    for (const Path& name : {from, to}) {
      if (!name.empty() && (name == earlier.from || name == earlier.to)) return true;
    }
    return false;
  }
  void ApplyTo(Names& names) const {
    if (!from.empty()) names.erase(from);
    if (!to.empty()) names[to] = inode;
  }
};

void WriteBytes(Inode& inode, uint64_t offset, ByteSpan bytes) {
  if (bytes.empty()) return;
  const uint64_t end = offset + bytes.size();
  const uint64_t first = std::min<uint64_t>(offset, inode.live.size()) / kSectorBytes;
  if (inode.live.size() < end) inode.live.resize(end);
  std::copy(bytes.begin(), bytes.end(), inode.live.begin() + static_cast<ptrdiff_t>(offset));
  for (uint64_t sector = first; sector * kSectorBytes < end; ++sector) inode.dirty.insert(sector);
}

// Copies what `sector` holds in `from` to `to`, as far as both reach.
void CopySector(const Bytes& from, uint64_t sector, Bytes& to) {
  const uint64_t begin = sector * kSectorBytes;
  const uint64_t end = std::min<uint64_t>({begin + kSectorBytes, from.size(), to.size()});
  for (uint64_t at = begin; at < end; ++at) to[at] = from[at];
}

// A size a power cut may leave: the old one, the new one or a sector boundary between them.
uint64_t SurvivingSize(const Inode& inode, std::mt19937_64& random) {
  // Of a list, since minmax of two temporaries returns references to them.
  const auto [low, high] = std::minmax<uint64_t>({inode.durable.size(), inode.live.size()});
  switch (random() % 3) {
    case 0:
      return low;
    case 1:
      return high;
    default:
      return std::clamp((low + random() % (high - low + 1)) / kSectorBytes * kSectorBytes, low,
                        high);
  }
}

Bytes SurvivingBytes(const Inode& inode, std::mt19937_64& random) {
  Bytes bytes = inode.durable;
  bytes.resize(SurvivingSize(inode, random));
  for (const uint64_t sector : inode.dirty) {
    if (random() % 2 == 0) CopySector(inode.live, sector, bytes);
  }
  return bytes;
}

InodePtr DurableInode(Bytes bytes) {
  auto inode = std::make_shared<Inode>();
  inode->live = bytes;
  inode->durable = std::move(bytes);
  return inode;
}

}  // namespace

// How one step goes.
enum class Verdict : uint8_t { kRun, kFault, kPowerLoss, kDead };

class SimDisk::State : public std::enable_shared_from_this<SimDisk::State> {
 public:
  explicit State(SimDiskOptions options) : options_(options), random_(options.seed) {
    directories_.insert({"/", "."});
  }

  std::shared_ptr<State> AfterPowerLoss(SimDiskOptions next) LUMA_EXCLUDES(mutex_);
  std::shared_ptr<State> AfterKill(SimDiskOptions next) LUMA_EXCLUDES(mutex_);

  uint64_t steps() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return steps_;
  }
  bool power_lost() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return power_lost_;
  }
  void SetCapacity(uint64_t bytes) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    options_.capacity_bytes = bytes;
  }
  void SetFault(std::optional<SimFault> fault) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    options_.fault = fault;
  }
  void SetSyncHook(std::function<void(const Path&)> hook) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    sync_hook_ = std::move(hook);
  }
  void FlipBit(const Path& path, uint64_t offset, int bit) LUMA_EXCLUDES(mutex_);

  Status Write(Inode& inode, const Path& path, std::optional<uint64_t> offset, ByteSpan bytes)
      LUMA_EXCLUDES(mutex_);
  Status Preallocate(Inode& inode, const Path& path, uint64_t bytes) LUMA_EXCLUDES(mutex_);
  Status Sync(Inode& inode, const Path& path) LUMA_EXCLUDES(mutex_);
  Result<size_t> Read(const Inode& inode, const Path& path, uint64_t offset,
                      std::span<std::byte> to) LUMA_EXCLUDES(mutex_);
  Result<Bytes> Copy(const Inode& inode, const Path& path) LUMA_EXCLUDES(mutex_);
  Result<uint64_t> Size(const Inode& inode, const Path& path) LUMA_EXCLUDES(mutex_);

  Result<InodePtr> Open(const Path& path, bool is_read) LUMA_EXCLUDES(mutex_);
  Result<InodePtr> Create(const Path& path, CreateMode mode) LUMA_EXCLUDES(mutex_);
  Status Rename(const Path& from, const Path& to) LUMA_EXCLUDES(mutex_);
  Status Remove(const Path& path) LUMA_EXCLUDES(mutex_);
  Status SyncDirectory(const Path& path) LUMA_EXCLUDES(mutex_);
  Status CreateDirectories(const Path& path) LUMA_EXCLUDES(mutex_);
  Result<std::vector<std::string>> List(const Path& path) LUMA_EXCLUDES(mutex_);
  Result<bool> Exists(const Path& path) LUMA_EXCLUDES(mutex_);
  Result<bool> IsDirectory(const Path& path) LUMA_EXCLUDES(mutex_);
  Result<uint64_t> FileSize(const Path& path) LUMA_EXCLUDES(mutex_);
  Result<uint64_t> FreeBytes() LUMA_EXCLUDES(mutex_);
  Status Lock(const Path& directory) LUMA_EXCLUDES(mutex_);
  void Unlock(const Path& directory) LUMA_EXCLUDES(mutex_);

 private:
  void RunSyncHook(const Path& path) LUMA_EXCLUDES(mutex_);
  Verdict Step() LUMA_REQUIRES(mutex_);
  Verdict ReadStep() LUMA_REQUIRES(mutex_);
  Status ErrorOf(Verdict verdict, std::string_view operation, const Path& path) const
      LUMA_REQUIRES(mutex_);
  // Grows `inode` by a write of `size` at `offset` if the capacity allows; else returns what fits.
  uint64_t FittingBytes(const Inode& inode, uint64_t offset, uint64_t size) const
      LUMA_REQUIRES(mutex_);
  Status WriteLocked(Inode& inode, const Path& path, uint64_t offset, ByteSpan bytes)
      LUMA_REQUIRES(mutex_);
  uint64_t UsedBytes() const LUMA_REQUIRES(mutex_);
  void Change(Path from, Path to, InodePtr inode) LUMA_REQUIRES(mutex_);
  Result<InodePtr> Find(const Path& path) const LUMA_REQUIRES(mutex_);
  Status CheckParent(const Path& path) const LUMA_REQUIRES(mutex_);

  Mutex mutex_;
  SimDiskOptions options_ LUMA_GUARDED_BY(mutex_);
  std::mt19937_64 random_ LUMA_GUARDED_BY(mutex_);
  uint64_t steps_ LUMA_GUARDED_BY(mutex_) = 0;
  bool power_lost_ LUMA_GUARDED_BY(mutex_) = false;
  Names live_names_ LUMA_GUARDED_BY(mutex_);
  Names durable_names_ LUMA_GUARDED_BY(mutex_);
  std::vector<NameChange> changes_ LUMA_GUARDED_BY(mutex_);  // durable + changes = live
  std::set<Path> directories_ LUMA_GUARDED_BY(mutex_);
  std::set<Path> locks_ LUMA_GUARDED_BY(mutex_);
  std::function<void(const Path&)> sync_hook_ LUMA_GUARDED_BY(mutex_);
};

Verdict SimDisk::State::Step() {
  const uint64_t step = steps_++;
  if (power_lost_) return Verdict::kDead;
  if (options_.power_loss_step == step) {
    power_lost_ = true;
    return Verdict::kPowerLoss;
  }
  const auto& fault = options_.fault;
  if (fault && (step == fault->step || (fault->forever && step > fault->step))) {
    return Verdict::kFault;
  }
  return Verdict::kRun;
}

Verdict SimDisk::State::ReadStep() {
  if (options_.reads_are_steps) return Step();
  return power_lost_ ? Verdict::kDead : Verdict::kRun;
}

Status SimDisk::State::ErrorOf(Verdict verdict, std::string_view operation,
                               const Path& path) const {
  if (verdict == Verdict::kRun) return Status::Ok();
  const bool is_fault = verdict == Verdict::kFault;
  std::string message(operation);
  message += " failed: path=" + path + " error=";
  message += is_fault ? "injected fault" : "power lost";
  return Status(is_fault ? options_.fault->code : StatusCode::kIoError, std::move(message));
}

uint64_t SimDisk::State::UsedBytes() const {
  std::set<const Inode*> seen;
  uint64_t used = 0;
  for (const auto& [name, inode] : live_names_) {
    if (seen.insert(inode.get()).second) used += inode->live.size();
  }
  return used;
}

uint64_t SimDisk::State::FittingBytes(const Inode& inode, uint64_t offset, uint64_t size) const {
  const uint64_t end = std::max<uint64_t>(offset + size, inode.live.size());
  const uint64_t growth = end - inode.live.size();
  const uint64_t used = UsedBytes();
  const uint64_t free = options_.capacity_bytes > used ? options_.capacity_bytes - used : 0;
  return growth <= free ? size : size - std::min(size, growth - free);
}

Status SimDisk::State::WriteLocked(Inode& inode, const Path& path, uint64_t offset,
                                   ByteSpan bytes) {
  const Verdict verdict = Step();
  if (verdict == Verdict::kDead) return ErrorOf(verdict, "write", path);
  const uint64_t fitting = FittingBytes(inode, offset, bytes.size());
  uint64_t written = fitting;
  // A call that was cut short has written any prefix, all of it included.
  if (verdict != Verdict::kRun && random_() % 2 == 0) written = random_() % (fitting + 1);
  WriteBytes(inode, offset, bytes.first(written));
  if (verdict == Verdict::kRun && fitting < bytes.size()) {
    return Status::DiskFull("write failed: path=", path, " error=simulated disk is full");
  }
  return ErrorOf(verdict, "write", path);
}

Status SimDisk::State::Write(Inode& inode, const Path& path, std::optional<uint64_t> offset,
                             ByteSpan bytes) {
  MutexLock lock(mutex_);
  return WriteLocked(inode, path, offset.value_or(inode.live.size()), bytes);
}

Status SimDisk::State::Preallocate(Inode& inode, const Path& path, uint64_t bytes) {
  MutexLock lock(mutex_);
  const uint64_t size = inode.live.size();
  return WriteLocked(inode, path, size, Bytes(bytes > size ? bytes - size : 0));
}

Status SimDisk::State::Sync(Inode& inode, const Path& path) {
  RunSyncHook(path);
  MutexLock lock(mutex_);
  const Verdict verdict = Step();
  if (verdict == Verdict::kRun) {
    inode.durable.resize(inode.live.size());
    for (const uint64_t sector : inode.dirty) CopySector(inode.live, sector, inode.durable);
    inode.dirty.clear();
  }
  if (verdict == Verdict::kFault) {  // some sectors get through, none is written again
    inode.durable = SurvivingBytes(inode, random_);
    inode.dirty.clear();
  }
  return ErrorOf(verdict, "fdatasync", path);
}

void SimDisk::State::RunSyncHook(const Path& path) {
  std::function<void(const Path&)> hook;
  {
    MutexLock lock(mutex_);
    hook = sync_hook_;
  }
  if (hook) hook(path);
}

Result<size_t> SimDisk::State::Read(const Inode& inode, const Path& path, uint64_t offset,
                                    std::span<std::byte> to) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "read", path));
  if (offset >= inode.live.size()) return size_t{0};
  const size_t count = std::min<uint64_t>(to.size(), inode.live.size() - offset);
  std::copy_n(inode.live.begin() + static_cast<ptrdiff_t>(offset), count, to.begin());
  return count;
}

Result<Bytes> SimDisk::State::Copy(const Inode& inode, const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "mmap", path));
  return Bytes(inode.live);
}

Result<uint64_t> SimDisk::State::Size(const Inode& inode, const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "stat", path));
  return uint64_t{inode.live.size()};
}

Result<InodePtr> SimDisk::State::Find(const Path& path) const {
  const auto found = live_names_.find(path);
  if (found == live_names_.end()) return Status::NotFound("no such file: path=", path);
  return InodePtr(found->second);
}

Status SimDisk::State::CheckParent(const Path& path) const {
  if (directories_.contains(ParentPath(path))) return Status::Ok();
  return Status::NotFound("no such directory: path=", ParentPath(path));
}

void SimDisk::State::Change(Path from, Path to, InodePtr inode) {
  NameChange change{std::move(from), std::move(to), std::move(inode), {}};
  for (const Path& name : {change.from, change.to}) {
    if (!name.empty()) change.unsynced_directories.insert(ParentPath(name));
  }
  change.ApplyTo(live_names_);
  changes_.push_back(std::move(change));
}

Result<InodePtr> SimDisk::State::Open(const Path& path, bool is_read) {
  MutexLock lock(mutex_);
  const Verdict verdict = is_read ? ReadStep() : (power_lost_ ? Verdict::kDead : Verdict::kRun);
  LUMA_RETURN_IF_ERROR(ErrorOf(verdict, "open", path));
  return Find(path);
}

Result<InodePtr> SimDisk::State::Create(const Path& path, CreateMode mode) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(CheckParent(path));
  const auto found = live_names_.find(path);
  const bool exists = found != live_names_.end();
  if (exists && mode == CreateMode::kExclusive) {
    return Status::AlreadyExists("file exists: path=", path);
  }
  const Verdict verdict = Step();
  const bool runs = verdict == Verdict::kRun || verdict == Verdict::kPowerLoss;
  if (runs && exists) {
    found->second->live.clear();
    found->second->dirty.clear();
  }
  if (runs && !exists) Change("", path, std::make_shared<Inode>());
  LUMA_RETURN_IF_ERROR(ErrorOf(verdict, "create", path));
  return Find(path);
}

Status SimDisk::State::Rename(const Path& from, const Path& to) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(CheckParent(to));
  LUMA_ASSIGN_OR_RETURN(const InodePtr inode, Find(from));
  const Verdict verdict = Step();
  if (verdict == Verdict::kRun || verdict == Verdict::kPowerLoss) Change(from, to, inode);
  return ErrorOf(verdict, "rename", from);
}

Status SimDisk::State::Remove(const Path& path) {
  MutexLock lock(mutex_);
  LUMA_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  const Verdict verdict = Step();
  if (verdict == Verdict::kRun || verdict == Verdict::kPowerLoss) Change(path, "", inode);
  return ErrorOf(verdict, "remove", path);
}

Status SimDisk::State::SyncDirectory(const Path& path) {
  MutexLock lock(mutex_);
  const Verdict verdict = Step();
  LUMA_RETURN_IF_ERROR(ErrorOf(verdict, "fsync", path));
  for (NameChange& change : changes_) change.unsynced_directories.erase(path);
  // From last to first, so that what a durable change depends on becomes durable with it.
  std::vector<bool> is_durable(changes_.size());
  for (size_t i = changes_.size(); i-- > 0;) {
    is_durable[i] = is_durable[i] || changes_[i].unsynced_directories.empty();
    for (size_t j = 0; j < i; ++j) {
      if (is_durable[i] && changes_[i].DependsOn(changes_[j])) is_durable[j] = true;
    }
  }
  std::vector<NameChange> left;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (is_durable[i])
      changes_[i].ApplyTo(durable_names_);
    else
      left.push_back(std::move(changes_[i]));
  }
  changes_ = std::move(left);
  return Status::Ok();
}

Status SimDisk::State::CreateDirectories(const Path& path) {
  MutexLock lock(mutex_);
  if (directories_.contains(path)) return ErrorOf(ReadStep(), "stat", path);
  LUMA_RETURN_IF_ERROR(ErrorOf(Step(), "mkdir", path));
  for (Path at = path; directories_.insert(at).second; at = ParentPath(at)) {
  }
  return Status::Ok();
}

Result<std::vector<std::string>> SimDisk::State::List(const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "opendir", path));
  if (!directories_.contains(path)) return Status::NotFound("no such directory: path=", path);
  std::set<std::string> names;
  const auto add = [&](const Path& entry) {
    if (entry != path && ParentPath(entry) == path)
      names.insert(entry.substr(entry.rfind('/') + 1));
  };
  for (const auto& [name, inode] : live_names_) add(name);
  for (const Path& directory : directories_) add(directory);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<bool> SimDisk::State::Exists(const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "access", path));
  return live_names_.contains(path) || directories_.contains(path);
}

Result<bool> SimDisk::State::IsDirectory(const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "stat", path));
  return directories_.contains(path);
}

Result<uint64_t> SimDisk::State::FileSize(const Path& path) {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(ErrorOf(ReadStep(), "stat", path));
  LUMA_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return uint64_t{inode->live.size()};
}

Result<uint64_t> SimDisk::State::FreeBytes() {
  MutexLock lock(mutex_);
  const uint64_t used = UsedBytes();
  return options_.capacity_bytes > used ? options_.capacity_bytes - used : uint64_t{0};
}

Status SimDisk::State::Lock(const Path& directory) {
  MutexLock lock(mutex_);
  if (locks_.insert(directory).second) return Status::Ok();
  return Status::Unavailable("directory is in use by another process: path=", directory);
}

void SimDisk::State::Unlock(const Path& directory) {
  MutexLock lock(mutex_);
  locks_.erase(directory);
}

void SimDisk::State::FlipBit(const Path& path, uint64_t offset, int bit) {
  MutexLock lock(mutex_);
  const auto found = live_names_.find(path);
  LUMA_CHECK(found != live_names_.end());
  Inode& inode = *found->second;
  LUMA_CHECK(offset < inode.live.size());
  inode.live[offset] ^= std::byte{1} << bit;
  if (offset < inode.durable.size()) inode.durable[offset] ^= std::byte{1} << bit;
}

std::shared_ptr<SimDisk::State> SimDisk::State::AfterPowerLoss(SimDiskOptions next) {
  MutexLock lock(mutex_);
  std::mt19937_64 random(options_.seed ^ 0x9e3779b97f4a7c15u);
  Names names = durable_names_;
  std::vector<const NameChange*> lost;
  for (const NameChange& change : changes_) {
    const bool needs_lost = std::any_of(lost.begin(), lost.end(), [&](const NameChange* earlier) {
      return change.DependsOn(*earlier);
    });
    if (needs_lost || random() % 2 == 0)
      lost.push_back(&change);
    else
      change.ApplyTo(names);
  }
  auto after = std::make_shared<State>(next);
  MutexLock after_lock(after->mutex_);
  std::map<const Inode*, InodePtr> survivors;
  for (const auto& [name, inode] : names) {
    InodePtr& survivor = survivors[inode.get()];
    if (!survivor) survivor = DurableInode(SurvivingBytes(*inode, random));
    after->live_names_[name] = survivor;
  }
  after->durable_names_ = after->live_names_;
  after->directories_ = directories_;
  return after;
}

std::shared_ptr<SimDisk::State> SimDisk::State::AfterKill(SimDiskOptions next) {
  MutexLock lock(mutex_);
  auto after = std::make_shared<State>(next);
  MutexLock after_lock(after->mutex_);
  std::map<const Inode*, InodePtr> copies;
  const auto copy_of = [&](const InodePtr& inode) {
    InodePtr& copy = copies[inode.get()];
    if (!copy) copy = std::make_shared<Inode>(*inode);
    return copy;
  };
  for (const auto& [name, inode] : live_names_) after->live_names_[name] = copy_of(inode);
  for (const auto& [name, inode] : durable_names_) after->durable_names_[name] = copy_of(inode);
  after->changes_ = changes_;
  for (NameChange& change : after->changes_) change.inode = copy_of(change.inode);
  after->directories_ = directories_;
  return after;
}

namespace {

class SimMapping final : public Mapping {
 public:
  explicit SimMapping(Bytes bytes) : bytes_(std::move(bytes)) {}
  ByteSpan bytes() const override { return bytes_; }

 private:
  Bytes bytes_;
};

class SimReadFile final : public RandomAccessFile {
 public:
  SimReadFile(std::shared_ptr<SimDisk::State> state, InodePtr inode, Path path)
      : state_(std::move(state)), inode_(std::move(inode)), path_(std::move(path)) {}

  Result<size_t> ReadSome(uint64_t offset, std::span<std::byte> to) const override {
    return state_->Read(*inode_, path_, offset, to);
  }
  Result<uint64_t> Size() const override { return state_->Size(*inode_, path_); }
  Result<std::shared_ptr<const Mapping>> Map() const override {
    LUMA_ASSIGN_OR_RETURN(Bytes bytes, state_->Copy(*inode_, path_));
    return std::shared_ptr<const Mapping>(std::make_shared<SimMapping>(std::move(bytes)));
  }
  const Path& path() const override { return path_; }

 private:
  std::shared_ptr<SimDisk::State> state_;
  InodePtr inode_;
  Path path_;
};

class SimWritableFile final : public WritableFile {
 public:
  SimWritableFile(std::shared_ptr<SimDisk::State> state, InodePtr inode, Path path)
      : state_(std::move(state)), inode_(std::move(inode)), path_(std::move(path)) {}

  Status Append(ByteSpan bytes) override { return Write(std::nullopt, bytes); }
  Status WriteAt(uint64_t offset, ByteSpan bytes) override { return Write(offset, bytes); }
  Status Sync() override {
    LUMA_RETURN_IF_ERROR(CheckOpen());
    return state_->Sync(*inode_, path_);
  }
  Status Preallocate(uint64_t bytes) override {
    LUMA_RETURN_IF_ERROR(CheckOpen());
    return state_->Preallocate(*inode_, path_, bytes);
  }
  Result<uint64_t> Size() const override { return state_->Size(*inode_, path_); }
  Status Close() override {
    LUMA_RETURN_IF_ERROR(CheckOpen());
    closed_ = true;
    return Status::Ok();
  }
  const Path& path() const override { return path_; }

 private:
  Status CheckOpen() const {
    return closed_ ? Status::IoError("file is closed: path=", path_) : Status::Ok();
  }
  Status Write(std::optional<uint64_t> offset, ByteSpan bytes) {
    LUMA_RETURN_IF_ERROR(CheckOpen());
    return state_->Write(*inode_, path_, offset, bytes);
  }

  std::shared_ptr<SimDisk::State> state_;
  InodePtr inode_;
  Path path_;
  bool closed_ = false;
};

class SimDirectoryLock final : public DirectoryLock {
 public:
  SimDirectoryLock(std::shared_ptr<SimDisk::State> state, Path directory)
      : state_(std::move(state)), directory_(std::move(directory)) {}
  ~SimDirectoryLock() override { state_->Unlock(directory_); }

 private:
  std::shared_ptr<SimDisk::State> state_;
  Path directory_;
};

}  // namespace

SimDisk::SimDisk(SimDiskOptions options) : state_(std::make_shared<State>(options)) {}
SimDisk::~SimDisk() = default;
SimDisk::SimDisk(SimDisk&&) noexcept = default;
SimDisk& SimDisk::operator=(SimDisk&&) noexcept = default;

SimDisk SimDisk::Reboot(SimDiskOptions next) const {
  SimDisk disk;
  disk.state_ = state_->AfterPowerLoss(next);
  return disk;
}

SimDisk SimDisk::Restart(SimDiskOptions next) const {
  SimDisk disk;
  disk.state_ = state_->AfterKill(next);
  return disk;
}

uint64_t SimDisk::steps() const { return state_->steps(); }
bool SimDisk::power_lost() const { return state_->power_lost(); }
void SimDisk::SetCapacity(uint64_t bytes) { state_->SetCapacity(bytes); }
void SimDisk::SetFault(std::optional<SimFault> fault) { state_->SetFault(fault); }
void SimDisk::SetSyncHook(std::function<void(const Path&)> hook) {
  state_->SetSyncHook(std::move(hook));
}
void SimDisk::FlipBit(const Path& path, uint64_t offset, int bit) {
  state_->FlipBit(path, offset, bit);
}

Result<std::shared_ptr<const RandomAccessFile>> SimDisk::OpenForRead(const Path& path) {
  LUMA_ASSIGN_OR_RETURN(InodePtr inode, state_->Open(path, true));
  return std::shared_ptr<const RandomAccessFile>(
      std::make_shared<SimReadFile>(state_, std::move(inode), path));
}

Result<std::unique_ptr<WritableFile>> SimDisk::Create(const Path& path, CreateMode mode) {
  LUMA_ASSIGN_OR_RETURN(InodePtr inode, state_->Create(path, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<SimWritableFile>(state_, std::move(inode), path));
}

Result<std::unique_ptr<WritableFile>> SimDisk::OpenForWrite(const Path& path) {
  LUMA_ASSIGN_OR_RETURN(InodePtr inode, state_->Open(path, false));
  return std::unique_ptr<WritableFile>(
      std::make_unique<SimWritableFile>(state_, std::move(inode), path));
}

Status SimDisk::Rename(const Path& from, const Path& to) { return state_->Rename(from, to); }
Status SimDisk::Remove(const Path& path) { return state_->Remove(path); }
Status SimDisk::SyncDirectory(const Path& path) { return state_->SyncDirectory(path); }
Status SimDisk::CreateDirectories(const Path& path) { return state_->CreateDirectories(path); }
Result<std::vector<std::string>> SimDisk::List(const Path& path) { return state_->List(path); }
Result<bool> SimDisk::Exists(const Path& path) { return state_->Exists(path); }
Result<bool> SimDisk::IsDirectory(const Path& path) { return state_->IsDirectory(path); }
Result<uint64_t> SimDisk::FileSize(const Path& path) { return state_->FileSize(path); }
Result<uint64_t> SimDisk::FreeBytes(const Path&) { return state_->FreeBytes(); }

Result<std::unique_ptr<DirectoryLock>> SimDisk::LockDirectory(const Path& directory) {
  LUMA_RETURN_IF_ERROR(state_->Lock(directory));
  return std::unique_ptr<DirectoryLock>(std::make_unique<SimDirectoryLock>(state_, directory));
}

uint64_t CountIoSteps(const std::function<void(SimDisk&)>& work, SimDiskOptions options) {
  SimDisk disk(options);
  work(disk);
  return disk.steps();
}

}  // namespace luma::io
