#include "storage/metrics/retired/series_partition.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/crc32c.h"
#include "encoding/zstd_pass.h"
#include "storage/metrics/retired/id_runs.h"
#include "storage/metrics/retired/partition_format.h"

namespace luma::storage {
namespace {

ByteSpan SpanOf(const encoding::AlignedBuffer& buffer) { return {buffer.data(), buffer.size()}; }

}  // namespace

Result<std::shared_ptr<const SeriesPartition>> SeriesPartition::Open(
    std::shared_ptr<const io::RandomAccessFile> file) {
  std::shared_ptr<SeriesPartition> partition(new SeriesPartition(std::move(file)));
  LUMA_RETURN_IF_ERROR(partition->ReadDirectory());
  return std::shared_ptr<const SeriesPartition>(std::move(partition));
}

Status SeriesPartition::Damaged(std::string_view what) const {
  is_damaged_ = true;
  return Status::Corruption("series partition is damaged: ", what, " path=", file_->path());
}

Status SeriesPartition::ReadDirectory() {
  LUMA_ASSIGN_OR_RETURN(file_bytes_, file_->Size());
  if (file_bytes_ < kPartitionHeaderBytes + kPartitionFooterBytes) return Damaged("too short");
  std::array<std::byte, kPartitionHeaderBytes> header;
  LUMA_RETURN_IF_ERROR(file_->ReadAt(0, header));
  std::array<std::byte, kPartitionFooterBytes> footer;
  LUMA_RETURN_IF_ERROR(file_->ReadAt(file_bytes_ - footer.size(), footer));
  ByteReader head(header);
  if (AsText(head.Raw(kPartitionMagic.size())) != kPartitionMagic) return Damaged("bad magic");
  const auto version = head.Fixed<uint32_t>();
  if (version != kPartitionVersion) {
    return Status::Unsupported("unknown version of a series partition: path=", file_->path(),
                               " version=", version);
  }
  ByteReader foot(footer);
  const auto offset = foot.Fixed<uint64_t>();
  const auto bytes = foot.Fixed<uint32_t>();
  const auto crc = foot.Fixed<uint32_t>();
  if (offset < kPartitionHeaderBytes || offset > file_bytes_ ||
      bytes != file_bytes_ - kPartitionFooterBytes - offset ||
      AsText(foot.Raw(kPartitionMagic.size())) != kPartitionMagic) {
    return Damaged("bad footer");
  }
  Bytes directory(bytes);
  LUMA_RETURN_IF_ERROR(file_->ReadAt(offset, directory));
  if (Crc32c(directory) != crc) return Damaged("bad checksum of the directory");
  directory_crc_ = crc;
  return ParseDirectory(directory, offset);
}

SeriesPartition::Block SeriesPartition::ParseBlock(ByteReader& in, uint64_t& offset) {
  Block block{.offset = offset};
  const uint64_t bytes = in.Varint();
  block.crc = in.Fixed<uint32_t>();
  block.bytes = static_cast<uint32_t>(std::min<uint64_t>(bytes, kPartitionBlockBytesMax));
  offset += bytes;
  return block;
}

Status SeriesPartition::ParseDirectory(ByteSpan bytes, uint64_t blocks_end) {
  ByteReader in(bytes);
  times_.min = in.Fixed<UnixMillis>();
  times_.max = in.Fixed<UnixMillis>();
  Result<SeriesBitmap> ids = ReadIdRuns(in);
  if (!ids.ok()) return Damaged(ids.status().message());
  ids_ = std::move(ids).value();
  ids_.runOptimize();
  uint64_t offset = kPartitionHeaderBytes;
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    label_blocks_.push_back(ParseBlock(in, offset));
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    const auto first = in.Fixed<uint64_t>();
    hash_blocks_.push_back({.first = first, .block = ParseBlock(in, offset)});
  }
  LUMA_RETURN_IF_ERROR(ParseNames(in, offset));
  const std::string_view filter_bytes = in.LengthPrefixed();
  std::optional<HashFilter> filter = HashFilter::FromBytes(AsBytes(filter_bytes));
  const uint64_t blocks_wanted = (ids_.cardinality() + kLabelsPerBlock - 1) / kLabelsPerBlock;
  if (!in.ok() || in.remaining() != 0 || !filter || offset != blocks_end ||
      label_blocks_.size() != blocks_wanted || times_.min > times_.max) {
    return Damaged("bad directory");
  }
  filter_ = *std::move(filter);
  return Status::Ok();
}

Status SeriesPartition::ParseNames(ByteReader& in, uint64_t& offset) {
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    Name& name = names_.emplace_back();
    name.name = in.LengthPrefixed();
    name.all = ParseBlock(in, offset);
    for (uint64_t values = in.Varint(); values > 0 && in.ok(); --values) {
      const std::string_view first = in.LengthPrefixed();
      name.values.push_back({.first = std::string(first), .block = ParseBlock(in, offset)});
    }
  }
  const bool is_sorted = std::ranges::is_sorted(names_, {}, &Name::name);
  return is_sorted ? Status::Ok() : Damaged("label names are out of order");
}

size_t SeriesPartition::allocated_bytes() const {
  size_t bytes = sizeof(*this) + ids_.getSizeInBytes() + filter_.bytes().size() +
                 label_blocks_.capacity() * sizeof(Block) +
                 hash_blocks_.capacity() * sizeof(HashBlock) + names_.capacity() * sizeof(Name);
  for (const Name& name : names_) {
    bytes += name.name.capacity() + name.values.capacity() * sizeof(ValueBlock);
    for (const ValueBlock& value : name.values) bytes += value.first.capacity();
  }
  return bytes;
}

Status SeriesPartition::ReadBlock(const Block& block, encoding::AlignedBuffer& content) const {
  const bool is_inside = block.offset <= file_bytes_ && block.bytes <= file_bytes_ - block.offset;
  if (block.bytes == 0 || !is_inside) return Damaged("bad block");
  Bytes stored(block.bytes);
  const Status read = file_->ReadAt(block.offset, stored);
  if (!read.ok()) is_damaged_ = true;
  LUMA_RETURN_IF_ERROR(read);
  if (Crc32c(stored) != block.crc) return Damaged("bad checksum of a block");
  const ByteSpan payload = ByteSpan(stored).subspan(1);
  if (stored[0] == std::byte{0}) {
    content = encoding::AlignedBuffer(payload.size());
    std::ranges::copy(payload, content.data());
    return Status::Ok();
  }
  const bool is_content = stored[0] == std::byte{1} && encoding::Decompress(payload, content);
  return is_content ? Status::Ok() : Damaged("bad compressed block");
}

const SeriesPartition::Name* SeriesPartition::FindName(std::string_view name) const {
  const auto found = std::ranges::lower_bound(names_, name, {}, &Name::name);
  return found != names_.end() && found->name == name ? &*found : nullptr;
}

Status SeriesPartition::VisitBlock(const Block& block, const VisitValue& visit) const {
  encoding::AlignedBuffer content;
  LUMA_RETURN_IF_ERROR(ReadBlock(block, content));
  ByteReader in(SpanOf(content));
  while (in.remaining() > 0) {
    const std::string_view value = in.LengthPrefixed();
    const std::string_view postings = in.LengthPrefixed();
    if (!in.ok()) return Damaged("bad label values");
    LUMA_RETURN_IF_ERROR(visit(value, ByteReader(AsBytes(postings))));
  }
  return Status::Ok();
}

Result<SeriesBitmap> SeriesPartition::ReadPostings(ByteReader postings) const {
  Result<SeriesBitmap> ids = ReadIdRuns(postings);
  if (!ids.ok()) return Damaged(ids.status().message());
  return ids;
}

Status SeriesPartition::Filter(const Matcher& matcher, SeriesBitmap& ids) const {
  // As LabelIndex::Filter: series without the label match exactly if "" does.
  const bool verdict = !matcher.MatchesEmpty();
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap series, SeriesWith(matcher, verdict));
  if (verdict) {
    ids &= series;
  } else {
    ids -= series;
  }
  return Status::Ok();
}

Result<SeriesBitmap> SeriesPartition::SeriesWith(const Matcher& matcher, bool verdict) const {
  SeriesBitmap series;
  const Name* const name = FindName(matcher.name());
  if (name == nullptr) return series;
  if (verdict && !matcher.literals().empty()) {
    LUMA_RETURN_IF_ERROR(AddLiterals(*name, matcher.literals(), series));
    return series;
  }
  for (const ValueBlock& values : name->values) {
    LUMA_RETURN_IF_ERROR(VisitBlock(values.block, [&](std::string_view value, ByteReader postings) {
      if (matcher.Matches(value) != verdict) return Status::Ok();
      LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, ReadPostings(postings));
      series |= ids;
      return Status::Ok();
    }));
  }
  return series;
}

Status SeriesPartition::AddLiterals(const Name& name, std::vector<std::string> literals,
                                    SeriesBitmap& series) const {
  std::ranges::sort(literals);
  auto literal = literals.begin();
  for (size_t i = 0; i < name.values.size() && literal != literals.end(); ++i) {
    literal = std::lower_bound(literal, literals.end(), name.values[i].first);
    const auto end = i + 1 == name.values.size()
                         ? literals.end()
                         : std::lower_bound(literal, literals.end(), name.values[i + 1].first);
    if (literal == end) continue;
    const auto visit = [&](std::string_view value, ByteReader postings) {
      if (!std::binary_search(literal, end, value)) return Status::Ok();
      LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, ReadPostings(postings));
      series |= ids;
      return Status::Ok();
    };
    LUMA_RETURN_IF_ERROR(VisitBlock(name.values[i].block, visit));
    literal = end;
  }
  return Status::Ok();
}

Result<SeriesBitmap> SeriesPartition::Find(std::span<const Hash128> hashes) const {
  SeriesBitmap found;
  std::vector<Hash128> wanted;
  std::ranges::copy_if(hashes, std::back_inserter(wanted),
                       [this](const Hash128& hash) { return filter_.MayContain(hash); });
  if (wanted.empty()) return found;
  std::vector<Candidate> candidates;
  LUMA_RETURN_IF_ERROR(AddCandidates(wanted, candidates));
  std::ranges::sort(candidates, {}, &Candidate::id);
  PartitionLabels labels(*this);
  for (const Candidate& candidate : candidates) {
    LUMA_ASSIGN_OR_RETURN(const LabelsView of_series, labels.Of(candidate.id));
    if (of_series.Hash() == candidate.hash) found.add(candidate.id);
  }
  return found;
}

Status SeriesPartition::AddCandidates(std::span<const Hash128> hashes,
                                      std::vector<Candidate>& found) const {
  for (size_t i = 0; i < hash_blocks_.size(); ++i) {
    // Equal hashes may be in two blocks: the next one may begin with the last of this.
    const auto begin = std::ranges::lower_bound(hashes, hash_blocks_[i].first, {}, &Hash128::low);
    const auto end = i + 1 == hash_blocks_.size()
                         ? hashes.end()
                         : std::ranges::upper_bound(begin, hashes.end(), hash_blocks_[i + 1].first,
                                                    {}, &Hash128::low);
    if (begin == end) continue;
    encoding::AlignedBuffer content;
    LUMA_RETURN_IF_ERROR(ReadBlock(hash_blocks_[i].block, content));
    ByteReader in(SpanOf(content));
    while (in.remaining() >= kHashEntryBytes) {
      const auto low = in.Fixed<uint64_t>();
      const auto id = in.Fixed<uint32_t>();
      const auto same = std::ranges::equal_range(begin, end, low, {}, &Hash128::low);
      if (same.empty()) continue;
      if (!ids_.contains(id)) return Damaged("hash of no series");
      for (const Hash128& hash : same) found.push_back({.id = id, .hash = hash});
    }
  }
  return Status::Ok();
}

Status SeriesPartition::VisitLabels(
    const SeriesBitmap& ids, const std::function<Status(uint32_t, LabelsView)>& visit) const {
  PartitionLabels labels(*this);
  for (const uint32_t id : ids) {
    LUMA_ASSIGN_OR_RETURN(const LabelsView of_series, labels.Of(id));
    LUMA_RETURN_IF_ERROR(visit(id, of_series));
  }
  return Status::Ok();
}

Status SeriesPartition::AddLabelNames(const SeriesBitmap& ids, TextSet& names) const {
  for (const Name& name : names_) {
    if (names.Contains(name.name)) continue;
    encoding::AlignedBuffer content;
    LUMA_RETURN_IF_ERROR(ReadBlock(name.all, content));
    LUMA_ASSIGN_OR_RETURN(const SeriesBitmap with_name, ReadPostings(ByteReader(SpanOf(content))));
    if (with_name.intersect(ids)) LUMA_RETURN_IF_ERROR(names.Add(name.name));
  }
  return Status::Ok();
}

Status SeriesPartition::AddLabelValues(std::string_view name, const SeriesBitmap& ids,
                                       TextSet& values) const {
  const Name* const found = FindName(name);
  if (found == nullptr) return Status::Ok();
  for (const ValueBlock& block : found->values) {
    LUMA_RETURN_IF_ERROR(VisitBlock(block.block, [&](std::string_view value, ByteReader postings) {
      LUMA_ASSIGN_OR_RETURN(const SeriesBitmap with_value, ReadPostings(postings));
      return with_value.intersect(ids) ? values.Add(value) : Status::Ok();
    }));
  }
  return Status::Ok();
}

Result<LabelsView> PartitionLabels::Of(uint32_t id) {
  const uint64_t place = partition_.ids_.rank(id) - 1;
  const size_t block = place / kLabelsPerBlock;
  if (block_ != block) LUMA_RETURN_IF_ERROR(Load(block));
  if (place % kLabelsPerBlock >= labels_.size()) return partition_.Damaged("labels are missing");
  return labels_[place % kLabelsPerBlock];
}

Status PartitionLabels::Load(size_t block) {
  block_.reset();
  labels_.clear();
  LUMA_RETURN_IF_ERROR(partition_.ReadBlock(partition_.label_blocks_[block], content_));
  ByteReader in(SpanOf(content_));
  while (in.remaining() > 0) {
    const std::string_view canonical = in.LengthPrefixed();
    if (!in.ok() || !CheckCanonical(canonical).ok()) return partition_.Damaged("bad labels");
    labels_.emplace_back(canonical);
  }
  block_ = block;
  return Status::Ok();
}

}  // namespace luma::storage
