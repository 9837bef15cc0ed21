// The client's side of the protocol, for tests: builds messages, reads answers as short texts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgwire/wire_reader.h"
#include "pgwire/wire_writer.h"

namespace luma::pgwire::testing {

inline std::string Message(char type, std::string_view body) {
  std::string out;
  WireWriter writer(out);
  writer.Begin(type);
  writer.Raw(body);
  writer.End();
  return out;
}

inline std::string Packet(std::string_view body) {  // a startup packet: no type
  return Message('?', body).substr(1);
}

inline std::string StartupPacketOf(
    std::initializer_list<std::pair<std::string, std::string>> parameters,
    int32_t version = 196608) {
  std::string body;
  WireWriter writer(body);
  writer.Int32(version);
  for (const auto& [name, value] : parameters) {
    writer.CString(name);
    writer.CString(value);
  }
  writer.Byte('\0');
  return Packet(body);
}

inline std::string RequestPacket(std::initializer_list<int32_t> numbers) {
  std::string body;
  WireWriter writer(body);
  for (const int32_t number : numbers) writer.Int32(number);
  return Packet(body);
}

inline std::string Query(std::string_view text) { return Message('Q', std::string(text) + '\0'); }
inline std::string Password(std::string_view text) {
  return Message('p', std::string(text) + '\0');
}

inline std::string Parse(std::string_view name, std::string_view text,
                         std::initializer_list<int32_t> oids = {}) {
  std::string body;
  WireWriter writer(body);
  writer.CString(name);
  writer.CString(text);
  writer.Int16(static_cast<int16_t>(oids.size()));
  for (const int32_t oid : oids) writer.Int32(oid);
  return Message('P', body);
}

struct BindOptions {
  std::vector<std::optional<std::string>> parameters;
  std::vector<int16_t> parameter_formats;
  std::vector<int16_t> result_formats;
};

inline std::string Bind(std::string_view portal, std::string_view statement,
                        const BindOptions& options = {}) {
  std::string body;
  WireWriter writer(body);
  writer.CString(portal);
  writer.CString(statement);
  writer.Int16(static_cast<int16_t>(options.parameter_formats.size()));
  for (const int16_t format : options.parameter_formats) writer.Int16(format);
  writer.Int16(static_cast<int16_t>(options.parameters.size()));
  for (const auto& parameter : options.parameters) {
    if (!parameter.has_value()) {
      writer.NullValue();
      continue;
    }
    writer.BeginValue();
    writer.Raw(*parameter);
    writer.EndValue();
  }
  writer.Int16(static_cast<int16_t>(options.result_formats.size()));
  for (const int16_t format : options.result_formats) writer.Int16(format);
  return Message('B', body);
}

inline std::string Execute(std::string_view portal, int32_t rows_max = 0) {
  std::string body;
  WireWriter writer(body);
  writer.CString(portal);
  writer.Int32(rows_max);
  return Message('E', body);
}

// `kind`: 'S' statement, 'P' portal.
inline std::string Describe(char kind, std::string_view name) {
  return Message('D', std::string(1, kind) + std::string(name) + '\0');
}
inline std::string Close(char kind, std::string_view name) {
  return Message('C', std::string(1, kind) + std::string(name) + '\0');
}
inline std::string Sync() { return Message('S', ""); }
inline std::string Flush() { return Message('H', ""); }
inline std::string Terminate() { return Message('X', ""); }
inline std::string CopyData(std::string_view data) { return Message('d', data); }
inline std::string CopyDone() { return Message('c', ""); }
inline std::string CopyFail(std::string_view why) { return Message('f', std::string(why) + '\0'); }

namespace internal {

inline std::string Values(WireReader& reader) {
  std::string out;
  for (int left = reader.Int16(); left > 0; --left) {
    if (!out.empty()) out.push_back('|');
    const int32_t length = reader.Int32();
    if (length < 0) {
      out += "NULL";
    } else {
      out += reader.Raw(static_cast<size_t>(length));
    }
  }
  return out;
}

inline std::string Columns(WireReader& reader) {
  std::string out;
  for (int left = reader.Int16(); left > 0; --left) {
    if (!out.empty()) out.push_back('|');
    out += reader.CString();
    reader.Raw(6);  // table and attribute
    out += ":" + std::to_string(reader.Int32());
    reader.Raw(6);  // length and modifier
    if (reader.Int16() == 1) out += ":binary";
  }
  return out;
}

inline std::string Oids(WireReader& reader) {
  std::string out;
  for (int left = reader.Int16(); left > 0; --left) out += std::to_string(reader.Int32()) + " ";
  return out;
}

// "ERROR 22003 it failed P=3 H=... W=...".
inline std::string Diagnostic(WireReader& reader) {
  std::string out;
  while (const char field = static_cast<char>(reader.Byte())) {
    const std::string text(reader.CString());
    if (field == 'V') continue;
    if (!out.empty()) out.push_back(' ');
    if (field != 'S' && field != 'C' && field != 'M') out += std::string(1, field) + "=";
    out += text;
  }
  return out;
}

}  // namespace internal

// One answer as text: its type, a space, what it says. "Z I", "D 1|NULL", "C SELECT 1".
inline std::string AnswerText(char type, std::string_view body) {
  WireReader reader(body);
  std::string out(1, type);
  switch (type) {
    case 'D':
      return out + " " + internal::Values(reader);
    case 'T':
      return out + " " + internal::Columns(reader);
    case 't':
      return out + " " + internal::Oids(reader);
    case 'E':
    case 'N':
      return out + " " + internal::Diagnostic(reader);
    case 'Z':
    case 'd':
      return out + " " + std::string(body);
    case 'C':
      return out + " " + std::string(reader.CString());
    case 'S': {
      const std::string name(reader.CString());
      return out + " " + name + "=" + std::string(reader.CString());
    }
    case 'R':
      return out + " " + std::to_string(reader.Int32());
    default:
      return out;
  }
}

// Cuts complete answers off the front of `bytes`.
inline std::vector<std::string> TakeAnswers(std::string& bytes) {
  std::vector<std::string> answers;
  while (bytes.size() >= 5) {
    WireReader reader(std::string_view(bytes).substr(1));
    const auto length = static_cast<size_t>(reader.Int32());
    if (bytes.size() < 1 + length) break;
    answers.push_back(AnswerText(bytes[0], std::string_view(bytes).substr(5, length - 4)));
    bytes.erase(0, 1 + length);
  }
  return answers;
}

}  // namespace luma::pgwire::testing
