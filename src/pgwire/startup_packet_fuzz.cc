// Any bytes before the login: no crash, bounded memory, and no login without the password.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "pgwire/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using luma::pgwire::Handshake;
  luma::session::AuthConfig auth;
  auth.require_auth = true;
  auth.password = "secret";
  Handshake handshake(auth, {"luma"});
  luma::pgwire::FrameBuffer input;
  std::string output;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The first byte says in what pieces the rest arrives.
  const size_t piece = bytes.empty() ? 1 : 1 + static_cast<uint8_t>(bytes.front());
  auto outcome = Handshake::Outcome::kNeedInput;
  while (outcome == Handshake::Outcome::kNeedInput && !bytes.empty()) {
    input.Append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    outcome = handshake.Step(input, output);
    LUMA_CHECK(outcome != Handshake::Outcome::kLoggedIn);
    LUMA_CHECK(output.size() < 128 << 10);
  }
  return 0;
}
