#include "io/s3/s3_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace luma::io {
namespace {

constexpr size_t kMessageBytesMax = 200;

void AppendUtf8(uint32_t code_point, std::string& out) {
  const auto add = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xc0 | (code_point >> 6));
    add(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    add(0xe0 | (code_point >> 12));
    add(0x80 | ((code_point >> 6) & 0x3f));
    add(0x80 | (code_point & 0x3f));
  } else {
    add(0xf0 | (code_point >> 18));
    add(0x80 | ((code_point >> 12) & 0x3f));
    add(0x80 | ((code_point >> 6) & 0x3f));
    add(0x80 | (code_point & 0x3f));
  }
}

// `digits` is what stands between "&#" and ";".
bool AppendCharacter(std::string_view digits, std::string& out) {
  const bool is_hex = digits.starts_with('x');
  if (is_hex) digits.remove_prefix(1);
  uint32_t code_point = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, code_point, is_hex ? 16 : 10);
  const bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
  if (error != std::errc() || stop != end || code_point > 0x10ffff || is_surrogate) return false;
  AppendUtf8(code_point, out);
  return true;
}

// `name` is what stands between "&" and ";".
bool AppendEntity(std::string_view name, std::string& out) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  if (name.starts_with('#')) return AppendCharacter(name.substr(1), out);
  for (const auto& [entity, character] : kEntities) {
    if (name != entity) continue;
    out += character;
    return true;
  }
  return false;
}

class XmlParser {
 public:
  XmlParser(std::string_view xml, const XmlElement& element) : xml_(xml), element_(element) {}

  Status Parse();

 private:
  struct Open {
    size_t path_bytes;  // of path_ before this element
    std::string text;
  };

  Status ParseMarkup();
  Status ParseTag();
  Status ParseText();
  Status OpenElement(std::string_view name);
  Status CloseElement(std::string_view name);
  Status Skip(std::string_view past);
  // The end of the tag that begins at position_, quotes respected; npos when there is none.
  size_t FindTagEnd() const;
  Status Bad(std::string_view what) const {
    return Status::Corruption("bad xml from the object store: ", what, " offset=", position_);
  }

  const std::string_view xml_;
  const XmlElement& element_;
  size_t position_ = 0;
  std::string path_;
  std::vector<Open> open_;
};

Status XmlParser::Parse() {
  while (position_ < xml_.size()) {
    LUMA_RETURN_IF_ERROR(xml_[position_] == '<' ? ParseMarkup() : ParseText());
  }
  return open_.empty() ? Status::Ok() : Bad("unclosed element");
}

Status XmlParser::ParseMarkup() {
  const std::string_view rest = xml_.substr(position_);
  if (rest.starts_with("<?")) return Skip("?>");
  if (rest.starts_with("<!--")) return Skip("-->");
  if (rest.starts_with("<!")) return Bad("declarations are not read");
  return ParseTag();
}

Status XmlParser::Skip(std::string_view past) {
  const size_t end = xml_.find(past, position_);
  if (end == std::string_view::npos) return Bad("cut short");
  position_ = end + past.size();
  return Status::Ok();
}

size_t XmlParser::FindTagEnd() const {
  char quote = 0;
  for (size_t i = position_; i < xml_.size(); ++i) {
    const char c = xml_[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i;
    }
  }
  return std::string_view::npos;
}

Status XmlParser::ParseTag() {
  const size_t end = FindTagEnd();
  if (end == std::string_view::npos) return Bad("cut short");
  std::string_view tag = xml_.substr(position_ + 1, end - position_ - 1);
  const bool is_close = tag.starts_with('/');
  const bool is_empty = tag.ends_with('/') && !is_close;
  if (is_close) tag.remove_prefix(1);
  if (is_empty) tag.remove_suffix(1);
  std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n"));
  name.remove_prefix(name.rfind(':') + 1);  // npos + 1 is 0
  if (name.empty() || name.size() > kXmlNameBytesMax) return Bad("bad name");
  if (!is_close) LUMA_RETURN_IF_ERROR(OpenElement(name));
  if (is_close || is_empty) LUMA_RETURN_IF_ERROR(CloseElement(name));
  position_ = end + 1;
  return Status::Ok();
}

Status XmlParser::OpenElement(std::string_view name) {
  if (open_.size() == kXmlDepthMax) return Bad("too deep");
  open_.push_back({.path_bytes = path_.size(), .text = ""});
  path_.append(path_.empty() ? "" : "/").append(name);
  return Status::Ok();
}

Status XmlParser::CloseElement(std::string_view name) {
  if (open_.empty()) return Bad("close without open");
  const size_t name_begin = open_.back().path_bytes == 0 ? 0 : open_.back().path_bytes + 1;
  if (std::string_view(path_).substr(name_begin) != name) return Bad("elements cross");
  element_(path_, open_.back().text);
  path_.resize(open_.back().path_bytes);
  open_.pop_back();
  return Status::Ok();
}

Status XmlParser::ParseText() {
  const size_t end = std::min(xml_.find('<', position_), xml_.size());
  std::string text;
  while (position_ < end) {
    const char c = xml_[position_];
    if (c != '&') {
      text += c;
      ++position_;
      continue;
    }
    const size_t semicolon = xml_.find(';', position_);
    if (semicolon >= end) return Bad("bad entity");
    if (!AppendEntity(xml_.substr(position_ + 1, semicolon - position_ - 1), text)) {
      return Bad("bad entity");
    }
    position_ = semicolon + 1;
  }
  if (open_.empty()) return Status::Ok();  // space around the root
  open_.back().text += text;
  return open_.back().text.size() <= kXmlTextBytesMax ? Status::Ok() : Bad("text too long");
}

}  // namespace

Status ReadXml(std::string_view xml, const XmlElement& element) {
  return XmlParser(xml, element).Parse();
}

Result<S3ListPage> ParseListPage(std::string_view xml) {
  S3ListPage page;
  ObjectInfo object;
  bool is_list = false, has_bad_size = false, is_truncated = false;
  LUMA_RETURN_IF_ERROR(ReadXml(xml, [&](std::string_view path, std::string_view text) {
    if (path == "ListBucketResult/Contents/Key") {
      object.key = text;
    } else if (path == "ListBucketResult/Contents/Size") {
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data(), end, object.size_bytes);
      has_bad_size |= error != std::errc() || stop != end;
    } else if (path == "ListBucketResult/Contents") {
      page.objects.push_back(std::exchange(object, {}));
    } else if (path == "ListBucketResult/IsTruncated") {
      is_truncated = text == "true";
    } else if (path == "ListBucketResult/NextContinuationToken") {
      page.continuation_token = text;
    } else if (path == "ListBucketResult") {
      is_list = true;
    }
  }));
  if (!is_list || has_bad_size || is_truncated == page.continuation_token.empty()) {
    return Status::Corruption("bad list of objects from the object store");
  }
  return page;
}

Result<std::string> ParseUploadId(std::string_view xml) {
  std::string upload_id;
  LUMA_RETURN_IF_ERROR(ReadXml(xml, [&](std::string_view path, std::string_view text) {
    if (path == "InitiateMultipartUploadResult/UploadId") upload_id = text;
  }));
  if (upload_id.empty()) return Status::Corruption("no upload id from the object store");
  return upload_id;
}

Result<std::vector<S3PendingUpload>> ParseUploads(std::string_view xml) {
  std::vector<S3PendingUpload> uploads;
  S3PendingUpload upload;
  bool is_list = false, is_incomplete = false;
  LUMA_RETURN_IF_ERROR(ReadXml(xml, [&](std::string_view path, std::string_view text) {
    if (path == "ListMultipartUploadsResult/Upload/Key") {
      upload.key = text;
    } else if (path == "ListMultipartUploadsResult/Upload/UploadId") {
      upload.id = text;
    } else if (path == "ListMultipartUploadsResult/Upload") {
      is_incomplete |= upload.key.empty() || upload.id.empty();
      uploads.push_back(std::exchange(upload, {}));
    } else if (path == "ListMultipartUploadsResult") {
      is_list = true;
    }
  }));
  if (!is_list || is_incomplete) {
    return Status::Corruption("bad list of uploads from the object store");
  }
  return uploads;
}

S3Error ParseS3Error(std::string_view xml) {
  S3Error error;
  const Status status = ReadXml(xml, [&](std::string_view path, std::string_view text) {
    if (path == "Error/Code") error.code = text.substr(0, kMessageBytesMax);
    if (path == "Error/Message") error.message = text.substr(0, kMessageBytesMax);
  });
  if (!status.ok()) return {};
  for (std::string* text : {&error.code, &error.message}) {
    std::ranges::replace_if(*text, [](char c) { return c >= 0 && c < ' '; }, ' ');
  }
  return error;
}

std::string CompleteUploadXml(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < etags.size(); ++i) {
    std::string escaped;
    for (const char c : etags[i]) {
      switch (c) {
        case '"':
          escaped += "&quot;";
          break;
        case '&':
          escaped += "&amp;";
          break;
        case '<':
          escaped += "&lt;";
          break;
        default:
          escaped += c;
      }
    }
    xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, escaped);
  }
  return xml + "</CompleteMultipartUpload>";
}

}  // namespace luma::io
