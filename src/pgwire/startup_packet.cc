#include "pgwire/startup_packet.h"

#include <algorithm>

#include "pgwire/wire_reader.h"

namespace luma::pgwire {
namespace {

constexpr int32_t kCancelRequestCode = 80877102;
constexpr int32_t kSslRequestCode = 80877103;
constexpr int32_t kGssRequestCode = 80877104;
constexpr int kMajorVersion = 3;

Status Malformed(std::string_view what) {
  return Status::InvalidArgument("invalid startup packet: ", what).WithSqlState("08P01");
}

Status UnsupportedVersion(uint32_t version) {
  return Status::Unsupported("unsupported frontend protocol ", version >> 16, ".", version & 0xffff,
                             ": server supports 3.0 to 3.0");
}

// As PostgreSQL keeps an application's name: it is shown to others.
std::string Printable(std::string_view text) {
  std::string printable(text);
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return printable;
}

Status ApplyParameter(std::string_view name, std::string_view value, StartupParameters& out) {
  if (name == "user") {
    out.user = value;
  } else if (name == "database") {
    out.database = value;
  } else if (name == "application_name") {
    out.application_name = Printable(value);
  } else if (name == "replication") {
    return Status::Unsupported("replication connections are not supported");
  } else if (name == "options") {
    LUMA_ASSIGN_OR_RETURN(auto settings, ParseCommandLineOptions(value));
    out.settings.insert(out.settings.end(), settings.begin(), settings.end());
  } else if (name.starts_with("_pq_.")) {
    out.protocol_options.emplace_back(name);
  } else {
    out.settings.emplace_back(name, value);
  }
  return Status::Ok();
}

Result<StartupPacket> ParseParameters(int minor_version, WireReader reader) {
  StartupParameters parameters;
  parameters.minor_version = minor_version;
  for (std::string_view name = reader.CString(); !name.empty(); name = reader.CString()) {
    const std::string_view value = reader.CString();
    if (!reader.ok()) break;
    LUMA_RETURN_IF_ERROR(ApplyParameter(name, value, parameters));
  }
  if (!reader.AtEnd()) return Malformed("expected terminator as last byte");
  if (parameters.user.empty()) {
    return Status::InvalidArgument("no PostgreSQL user name specified in startup packet")
        .WithSqlState("28000");
  }
  if (parameters.database.empty()) parameters.database = parameters.user;
  return StartupPacket(std::move(parameters));
}

// Takes the next word off `text`; empty at the end.
std::string NextOptionWord(std::string_view& text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  std::string word;
  while (!text.empty() && kSpace.find(text.front()) == std::string_view::npos) {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    word.push_back(text.front());
    text.remove_prefix(1);
  }
  return word;
}

Result<std::pair<std::string, std::string>> SplitSetting(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return Status::SyntaxError("invalid command-line argument in startup packet: ", assignment);
  }
  std::string name(assignment.substr(0, equals));
  std::replace(name.begin(), name.end(), '-', '_');
  return std::pair(std::move(name), std::string(assignment.substr(equals + 1)));
}

}  // namespace

Result<StartupPacket> ParseStartupPacket(std::string_view body) {
  WireReader reader(body);
  const int32_t code = reader.Int32();
  if (code == kSslRequestCode && reader.AtEnd()) return StartupPacket(SslRequest{});
  if (code == kGssRequestCode && reader.AtEnd()) return StartupPacket(GssEncryptionRequest{});
  if (code == kCancelRequestCode) {
    CancelRequest cancel;
    cancel.process_id = reader.Int32();
    cancel.secret = reader.Int32();
    if (!reader.AtEnd()) return Malformed("bad cancel request");
    return StartupPacket(cancel);
  }
  const auto version = static_cast<uint32_t>(code);
  if (version >> 16 != kMajorVersion) return UnsupportedVersion(version);
  return ParseParameters(static_cast<int>(version & 0xffff), reader);
}

Result<std::vector<std::pair<std::string, std::string>>> ParseCommandLineOptions(
    std::string_view options) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (std::string word = NextOptionWord(options); !word.empty(); word = NextOptionWord(options)) {
    std::string assignment;
    if (word == "-c") {
      assignment = NextOptionWord(options);
    } else if (word.starts_with("-c") || word.starts_with("--")) {
      assignment = word.substr(2);
    }
    LUMA_ASSIGN_OR_RETURN(auto setting, SplitSetting(assignment));
    settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace luma::pgwire
