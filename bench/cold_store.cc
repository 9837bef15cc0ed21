// Speed of an object store as the cold tier uses it: upload of files, reading them back, reads
// through the cache on the local disk, and a first small read. bench/cold_store.py starts it.
//
//   lumadb_cold_store_bench local FOLDER
//   lumadb_cold_store_bench s3 FOLDER      LUMA_S3_ENDPOINT, LUMA_S3_BUCKET, AWS_* say where
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "io/local_object_store.h"
#include "io/s3/s3_credentials.h"
#include "io/s3/s3_object_store.h"
#include "storage/cold/object_cache.h"

namespace luma {
namespace {

constexpr uint64_t kFileBytes = 64 << 20;
constexpr int kFiles = 7;
constexpr uint64_t kReadBytes = 1 << 20;
constexpr uint64_t kSmallReadBytes = 64 << 10;

template <typename T>
T OrDie(Result<T> result) {
  if (!result.ok()) fmt::print(stderr, "{}\n", result.status().ToString());
  LUMA_CHECK(result.ok());
  return std::move(result).value();
}
void OrDie(const Status& status) {
  if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
  LUMA_CHECK(status.ok());
}

std::shared_ptr<io::ObjectStore> OpenStore(std::string_view kind, const io::Path& folder) {
  io::FileSystem& fs = io::FileSystem::Posix();
  if (kind == "local") return std::make_shared<io::LocalObjectStore>(fs, folder + "/store");
  const auto variable = io::ProcessEnvironment();
  return OrDie(io::S3ObjectStore::Open({.bucket = variable("LUMA_S3_BUCKET"),
                                        .endpoint = variable("LUMA_S3_ENDPOINT"),
                                        .credentials = OrDie(io::FindS3Credentials(variable, fs))},
                                       Clock::System()));
}

template <typename Work>
double SecondsOf(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Median, least and most of the figures of all files.
class Figure {
 public:
  explicit Figure(std::string_view name) : name_(name) {}
  void Add(double value) { values_.push_back(value); }
  void Print(std::string_view unit) {
    std::ranges::sort(values_);
    fmt::print("{:24} {:9.1f} {:4}  ({:.1f} .. {:.1f}, n={})\n", name_, values_[values_.size() / 2],
               unit, values_.front(), values_.back(), values_.size());
  }

 private:
  std::string_view name_;
  std::vector<double> values_;
};

void ReadAll(const storage::ColdBytes& object) {
  Bytes out(kReadBytes);
  for (uint64_t offset = 0; offset < kFileBytes; offset += kReadBytes) {
    OrDie(object.Read(offset, out));
  }
}

void Run(std::string_view kind, const io::Path& folder) {
  io::FileSystem& fs = io::FileSystem::Posix();
  const auto store = OpenStore(kind, folder);
  storage::MemoryBudget budget(1 << 30);
  const auto cache = OrDie(
      storage::ObjectCache::Open(fs, folder + "/cache", 2 * kFiles * kFileBytes, store, budget));
  Figure upload("upload"), verify("read back, verified"), first("first read, by cache"),
      second("second read, by cache"), small("first 64 KiB of an object");
  constexpr double kMegabytes = static_cast<double>(kFileBytes) / 1e6;
  std::mt19937_64 random(1);
  for (int i = 0; i < kFiles; ++i) {
    Bytes content(kFileBytes);
    for (size_t at = 0; at < content.size(); at += 8) StoreLe(content.data() + at, random());
    const io::Path path = folder + "/file";
    OrDie(io::WriteFileAtomically(fs, path, content));
    const std::string key = fmt::format("bench/{}", i);
    io::ObjectDigest digest;
    upload.Add(kMegabytes / SecondsOf([&] { digest = OrDie(store->PutFile(key, fs, path)); }));
    verify.Add(kMegabytes / SecondsOf([&] { OrDie(io::VerifyObject(*store, key, digest)); }));
    small.Add(1e3 *
              SecondsOf([&] { OrDie(store->GetRange(key, i * kReadBytes, kSmallReadBytes)); }));
    const auto object = cache->Object(
        {.key = key, .size_bytes = kFileBytes, .crc32c = storage::ChecksumsOf(content)});
    first.Add(kMegabytes / SecondsOf([&] { ReadAll(*object); }));
    second.Add(kMegabytes / SecondsOf([&] { ReadAll(*object); }));
  }
  fmt::print("{}: {} files of {} MiB\n", kind, kFiles, kFileBytes >> 20);
  for (Figure* figure : {&upload, &verify, &first, &second}) figure->Print("MB/s");
  small.Print("ms");
}

}  // namespace
}  // namespace luma

int main(int count, char** arguments) {
  if (count != 3) return 2;
  luma::Run(arguments[1], arguments[2]);
}
