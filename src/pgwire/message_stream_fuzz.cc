// Any bytes after the login, over a made-up SQL layer: no crash, and the output is a sequence of
// complete messages, the same however the bytes are split.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "pgwire/protocol_engine.h"
#include "pgwire/testing/fake_database.h"
#include "pgwire/testing/wire_client.h"

namespace luma::pgwire {
namespace {

std::string AnswersTo(std::string_view bytes, size_t piece) {
  testing::FakeDatabase database;
  database.may_sleep = false;
  database.rows_max = 1000;
  EngineLimits limits;
  limits.out_bytes_mark = 1000;
  limits.row_bytes_max = 10'000;
  session::SessionLimits session_limits;
  session_limits.set_aside_bytes_max = 10'000;
  session_limits.prepared_statements_max = 10;
  session_limits.portals_max = 10;
  session::Session session(database, sql::ConnectionOptions(), session_limits);
  ProtocolEngine engine(session, limits);
  std::string answers;
  auto outcome = ProtocolEngine::Outcome::kNeedInput;
  while (outcome != ProtocolEngine::Outcome::kClose && !bytes.empty()) {
    engine.input().Append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    do {
      outcome = engine.Step();
      LUMA_CHECK(engine.output().size() < 64 << 10);
      if (outcome != ProtocolEngine::Outcome::kNeedInput) {
        answers += std::exchange(engine.output(), "");
      }
    } while (outcome == ProtocolEngine::Outcome::kSendOutput);
    LUMA_CHECK(!engine.HasWork() || outcome == ProtocolEngine::Outcome::kClose);
  }
  answers += engine.output();  // of requests whose Sync or Flush is missing
  std::string rest = answers;
  testing::TakeAnswers(rest);
  LUMA_CHECK(rest.empty());
  return answers;
}

}  // namespace
}  // namespace luma::pgwire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = luma::pgwire::AnswersTo(bytes, bytes.size() + 1);
  LUMA_CHECK(luma::pgwire::AnswersTo(bytes, size_t{1} + data[0]) == whole);
  return 0;
}
