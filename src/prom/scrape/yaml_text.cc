#include "prom/scrape/yaml_text.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "net/url.h"

namespace luma::prom {
namespace {

using rules::YamlNode;

// Of keys in a configuration of Prometheus.
constexpr std::array<std::string_view, 9> kSecretKeys = {
    "password",   "credentials", "bearer_token", "client_secret",       "secret",
    "secret_key", "key",         "secrets",      "proxy_connect_header"};

bool IsSecretKey(std::string_view key) {
  return std::ranges::find(kSecretKeys, key) != kSecretKeys.end();
}

// What a password or token may be called in a section that is not read.
bool SuggestsSecret(const YamlNode& key, const YamlNode& value) {
  constexpr std::array<std::string_view, 12> kHints = {
      "password", "passwd",  "passphrase", "secret",        "token",  "credential",
      "private",  "api_key", "apikey",     "authorization", "cookie", "connect_header"};
  constexpr std::array<std::string_view, 4> kHarmlessEndings = {"_file", "_files", "_ref", "_url"};
  if (key.text == "authorization" && value.kind == YamlNode::Kind::kMapping) return false;
  std::string name = LowerAscii(key.text);
  std::ranges::replace(name, '-', '_');
  const auto ends = [&name](std::string_view ending) { return name.ends_with(ending); };
  const auto contains = [&name](std::string_view hint) { return name.find(hint) != name.npos; };
  if (std::ranges::any_of(kHarmlessEndings, ends)) return false;
  return ends("_key") || std::ranges::any_of(kHints, contains);
}

std::string Quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      quoted.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

// A text alone in brackets, the beginning of an entry on a line of its own.
bool IsIndicator(std::string_view text) { return text == "-" || text == "?" || text == ":"; }

std::string ScalarText(const YamlNode& node) {
  const std::string text = net::WithoutPassword(node.text);
  const bool has_lines =
      text.find('\n') != std::string::npos;  // which were folded where it came from
  const bool stays_plain = node.plain && !text.empty() && !has_lines && !IsIndicator(text);
  return stays_plain ? text : Quoted(text);
}

class YamlTextWriter {
 public:
  explicit YamlTextWriter(std::span<const std::string_view> unread_sections)
      : unread_sections_(unread_sections) {}

  std::string Write(const YamlNode& node) {
    WriteBlock(node, 0);
    return std::move(text_);
  }

 private:
  static bool IsBlock(const YamlNode& node) { return !node.items.empty() || !node.entries.empty(); }

  void WriteBlock(const YamlNode& node, size_t indent) {
    for (const YamlNode& item : node.items) {
      text_.append(indent, ' ').append("-");
      WriteValue(item, indent);
    }
    for (const auto& [key, value] : node.entries) {
      if (indent == 0) {
        is_unread_ = std::ranges::find(unread_sections_, key.text) != unread_sections_.end();
      }
      WriteKey(key, indent);
      const bool is_secret = IsSecretKey(key.text) || (is_unread_ && SuggestsSecret(key, value));
      if (is_secret && !value.IsNull()) {
        text_.append(" <secret>\n");
      } else {
        WriteValue(value, indent);
      }
    }
  }

  // YAML ends the search for the colon after 1024 characters; a "?" tells that this is a key.
  void WriteKey(const YamlNode& key, size_t indent) {
    constexpr size_t kPlainKeyBytesMax = 1'000;
    const std::string text = ScalarText(key);
    text_.append(indent, ' ');
    if (text.size() > kPlainKeyBytesMax) {
      text_.append("? ").append(text).append("\n").append(indent, ' ').append(":");
    } else {
      text_.append(text).append(":");
    }
  }

  // After "-" or "key:".
  void WriteValue(const YamlNode& node, size_t indent) {
    if (IsBlock(node)) {
      text_.push_back('\n');
      return WriteBlock(node, indent + 2);
    }
    switch (node.kind) {
      case YamlNode::Kind::kScalar:
        text_.append(" ").append(ScalarText(node));
        break;
      case YamlNode::Kind::kSequence:
        text_.append(" []");
        break;
      case YamlNode::Kind::kMapping:
        text_.append(" {}");
        break;
    }
    text_.push_back('\n');
  }

  const std::span<const std::string_view> unread_sections_;
  bool is_unread_ = false;  // the section at hand
  std::string text_;
};

}  // namespace

std::string YamlTextWithoutSecrets(const YamlNode& document,
                                   std::span<const std::string_view> unread_sections) {
  return YamlTextWriter(unread_sections).Write(document);
}

}  // namespace luma::prom
