// Decoders of the messages a client sends after startup. Each takes the body of one frame; views
// point into it. Errors: 08P01 when the body is malformed.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace luma::pgwire {

enum class FrontendType : char {
  kBind = 'B',
  kClose = 'C',
  kCopyData = 'd',
  kCopyDone = 'c',
  kCopyFail = 'f',
  kDescribe = 'D',
  kExecute = 'E',
  kFlush = 'H',
  kFunctionCall = 'F',
  kParse = 'P',
  kPassword = 'p',
  kQuery = 'Q',
  kSync = 'S',
  kTerminate = 'X',
};

struct ParseMessage {
  std::string_view statement_name;
  std::string_view text;
  std::vector<uint32_t> parameter_oids;
};

struct BindMessage {
  std::string_view portal_name;
  std::string_view statement_name;
  std::vector<int16_t> parameter_formats;
  std::vector<std::optional<std::string_view>> parameters;  // nullopt: NULL
  std::vector<int16_t> result_formats;
};

// Describe and Close.
struct TargetMessage {
  bool is_portal = false;  // otherwise a statement
  std::string_view name;
};

struct ExecuteMessage {
  std::string_view portal_name;
  int32_t rows_max = 0;  // 0 or less: all
};

Result<std::string_view> DecodeText(std::string_view body);  // Query, Password, CopyFail
Result<ParseMessage> DecodeParse(std::string_view body);
Result<BindMessage> DecodeBind(std::string_view body);
Result<TargetMessage> DecodeTarget(std::string_view body);
Result<ExecuteMessage> DecodeExecute(std::string_view body);

}  // namespace luma::pgwire
