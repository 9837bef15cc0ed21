#include "rules/internal/regex_replace.h"

#include <map>
#include <utility>
#include <vector>

#include "promql/regex_replacement.h"
#include "rules/template.h"

namespace luma::rules {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

class Replacer {
 public:
  Replacer(const re2::RE2& regex, std::string_view text, std::string_view replacement)
      : regex_(regex),
        text_(text),
        replacement_(replacement),
        pieces_(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1),
        groups_(pieces_.size()) {
    for (const auto& [name, number] : regex.NamedCapturingGroups()) names_[name] = number;
  }

  Result<std::string> Run() {
    while (at_ <= text_.size() && Match()) {
      const size_t begin = static_cast<size_t>(groups_[0].data() - text_.data());
      CopyUntil(begin);
      if (groups_[0].empty() && begin == match_end_) {  // behind a match it does not count
        CopyCharacter();
      } else {
        replacement_.AppendTo(out_, {groups_, names_}, kExpandedBytesMax);
        at_ = match_end_ = begin + groups_[0].size();
      }
      if (out_.size() > kExpandedBytesMax) break;
    }
    CopyUntil(text_.size());
    if (out_.size() <= kExpandedBytesMax) return std::move(out_);
    return Status::TooLarge("expanded template is too long: limit=", kExpandedBytesMax);
  }

 private:
  bool Match() {
    const re2::StringPiece text(text_.data(), text_.size());
    if (!regex_.Match(text, at_, text.size(), re2::RE2::UNANCHORED, pieces_.data(),
                      static_cast<int>(pieces_.size()))) {
      return false;
    }
    for (size_t i = 0; i < pieces_.size(); ++i) groups_[i] = {pieces_[i].data(), pieces_[i].size()};
    return true;
  }
  void CopyUntil(size_t end) {
    if (end <= at_) return;
    out_.append(text_.substr(at_, end - at_));
    at_ = end;
  }
  void CopyCharacter() {
    size_t end = at_ + 1;
    while (end < text_.size() && IsContinuation(text_[end])) ++end;
    if (at_ < text_.size()) CopyUntil(end);
    at_ = end;
  }

  const re2::RE2& regex_;
  const std::string_view text_;
  const promql::RegexReplacement replacement_;
  std::vector<re2::StringPiece> pieces_;
  std::vector<std::string_view> groups_;
  std::map<std::string, int> names_;
  std::string out_;
  size_t at_ = 0;
  size_t match_end_ = std::string_view::npos;  // of the match before
};

}  // namespace

Result<std::string> ReplaceAll(const re2::RE2& regex, std::string_view text,
                               std::string_view replacement) {
  return Replacer(regex, text, replacement).Run();
}

}  // namespace luma::rules
