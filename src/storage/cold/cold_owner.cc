#include "storage/cold/cold_owner.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/crc32c.h"
#include "base/failpoint.h"

namespace luma::storage {
namespace {

constexpr size_t kTokenDigits = 32;
constexpr std::string_view kFirstLine = "lumadb-owner 1\n";
constexpr std::string_view kHowToGoOn = "see docs/guides/object_store.md, Owner";

OwnerToken NewToken() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

std::string ChecksumText(std::string_view text) {
  return fmt::format("{:08x}", Crc32c(AsBytes(text)));
}

bool IsToken(std::string_view text) {
  return text.size() == kTokenDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Takes "<name> <token>\n" off the front of `text`, if it begins so.
std::optional<OwnerToken> TakeToken(std::string_view& text, std::string_view name) {
  const std::string start = std::string(name) + " ";
  if (!text.starts_with(start)) return std::nullopt;
  const std::string_view token = text.substr(start.size(), kTokenDigits);
  const size_t line_bytes = start.size() + kTokenDigits + 1;
  if (!IsToken(token) || text.size() < line_bytes || text[line_bytes - 1] != '\n') {
    return std::nullopt;
  }
  text.remove_prefix(line_bytes);
  return OwnerToken(token);
}

}  // namespace

std::string OwnerObjectText(const OwnerToken& token) {
  return fmt::format(R"({{"format":"lumadb-owner","version":1,"token":"{}","crc32c":"{}"}})"
                     "\n",
                     token, ChecksumText(token));
}

std::optional<OwnerToken> ParseOwnerObject(std::string_view text) {
  constexpr std::string_view kBeforeToken = R"({"format":"lumadb-owner","version":1,"token":")";
  if (!text.starts_with(kBeforeToken)) return std::nullopt;
  const OwnerToken token(text.substr(kBeforeToken.size(), kTokenDigits));
  if (!IsToken(token) || text != OwnerObjectText(token)) return std::nullopt;
  return token;
}

std::string OwnerFileText(const OwnerTokens& tokens) {
  std::string text(kFirstLine);
  if (tokens.proven) text += "proven " + *tokens.proven + "\n";
  if (tokens.pending) text += "pending " + *tokens.pending + "\n";
  return text + "crc32c " + ChecksumText(text) + "\n";
}

Result<OwnerTokens> ParseOwnerFile(std::string_view text) {
  OwnerTokens tokens;
  std::string_view rest = text;
  if (rest.starts_with(kFirstLine)) {
    rest.remove_prefix(kFirstLine.size());
    tokens.proven = TakeToken(rest, "proven");
    tokens.pending = TakeToken(rest, "pending");
  }
  if (text == OwnerFileText(tokens)) return tokens;
  return Status::Corruption("bad file of the owner of a cold tier");
}

Status ColdOwner::Load() {
  if (tokens_) return Status::Ok();
  const Result<Bytes> content = io::ReadFile(fs_, path_);
  if (content.status().code() == StatusCode::kNotFound) {
    tokens_ = OwnerTokens();
    return Status::Ok();
  }
  if (!content.ok()) return content.status();
  Result<OwnerTokens> tokens = ParseOwnerFile(AsText(*content));
  if (!tokens.ok()) return tokens.status().WithContext(path_);
  tokens_ = std::move(tokens).value();
  return Status::Ok();
}

Status ColdOwner::Save(OwnerTokens tokens) {
  LUMA_RETURN_IF_ERROR(io::WriteFileAtomically(fs_, path_, AsBytes(OwnerFileText(tokens))));
  tokens_ = std::move(tokens);
  return Status::Ok();
}

Status ColdOwner::MarkIsMissing() const {
  return Status::Unavailable("object store has lost the mark of this database, or is not mounted: ",
                             kHowToGoOn, ": object=", key_);
}

Status ColdOwner::Judge(const io::VersionedBytes* there) const {
  if (there == nullptr) {
    return tokens_->proven ? MarkIsMissing() : Status::Ok();
  }
  const std::optional<OwnerToken> token = ParseOwnerObject(AsText(there->bytes));
  if (!token && tokens_->pending) return Status::Ok();  // the put did not arrive whole
  if (!token) {
    return Status::Corruption("mark of a cold tier is damaged: ", kHowToGoOn, ": object=", key_);
  }
  if (token == tokens_->proven || token == tokens_->pending) return Status::Ok();
  return Status::ReadOnly(
      "another server uses this cold tier, from a copy of this data directory: ", kHowToGoOn,
      ": object=", key_);
}

Status ColdOwner::Claim() {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Load());
  // A put that was cut off is repeated first: of two that are pending one would be forgotten.
  if (tokens_->pending) LUMA_RETURN_IF_ERROR(Renew(OwnerToken(*tokens_->pending)));
  return Renew(NewToken());
}

Status ColdOwner::Renew(const OwnerToken& token) {
  const Result<io::VersionedBytes> found = store_->GetVersioned(key_);
  const bool is_missing = found.status().code() == StatusCode::kNotFound;
  if (!found.ok() && !is_missing) return found.status();
  const io::VersionedBytes* const there = is_missing ? nullptr : &*found;
  LUMA_RETURN_IF_ERROR(Judge(there));
  // First, so that the store never has a token that this data directory does not know.
  LUMA_RETURN_IF_ERROR(Save({.proven = tokens_->proven, .pending = token}));
  LUMA_FAILPOINT("cold.before_claim");
  LUMA_RETURN_IF_ERROR(Put(there, OwnerObjectText(token)));
  LUMA_FAILPOINT("cold.after_claim");
  LUMA_RETURN_IF_ERROR(Prove(token));
  return Save({.proven = token, .pending = std::nullopt});
}

Status ColdOwner::Put(const io::VersionedBytes* there, const std::string& text) {
  const Status put = there == nullptr
                         ? store_->PutIfAbsent(key_, AsBytes(text))
                         : store_->Replace(key_, AsBytes(text), there->version).status();
  switch (put.code()) {
    case StatusCode::kAlreadyExists:
    case StatusCode::kConflict:
      return Status::ReadOnly("another server uses this cold tier in this moment: ", kHowToGoOn,
                              ": object=", key_);
    case StatusCode::kUnsupported:
      return store_->Put(key_, AsBytes(text));  // a store without conditions
    default:
      return put;
  }
}

Status ColdOwner::Prove(const OwnerToken& token) {
  const Result<io::VersionedBytes> there = store_->GetVersioned(key_);
  if (!there.ok() && there.status().code() != StatusCode::kNotFound) return there.status();
  if (there.ok() && ParseOwnerObject(AsText(there->bytes)) == token) return Status::Ok();
  return Status::Unavailable("mark of a cold tier did not arrive whole: object=", key_);
}

Status ColdOwner::CheckMark() {
  MutexLock lock(mutex_);
  LUMA_RETURN_IF_ERROR(Load());
  if (!tokens_->proven) return Status::Ok();
  const Result<io::ObjectInfo> mark = store_->Head(key_);
  if (mark.status().code() == StatusCode::kNotFound) return MarkIsMissing();
  return mark.status();
}

}  // namespace luma::storage
