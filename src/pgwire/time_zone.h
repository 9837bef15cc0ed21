// Offsets from UTC for printing timestamptz in the session's TimeZone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace luma::pgwire {

// UTC unless loaded. Cheap to copy. Threads: const methods from any thread.
class TimeZone {
 public:
  TimeZone() = default;

  // Reads the zone of that name ("Europe/Berlin") from the system's zone files; "UTC" and its other
  // names need none. Errors: kInvalidArgument for a name that no file has.
  static Result<TimeZone> Load(std::string_view name);
  // Decodes the bytes of a zone file (TZif, RFC 9636). Beyond its last change of offset, that
  // offset is taken to last.
  static Result<TimeZone> Decode(std::string_view tzif);

  // Of local time east of UTC at a moment given as micros since 1970-01-01 UTC.
  int32_t OffsetSecondsAt(int64_t unix_micros) const;

 private:
  struct Transition {
    int64_t unix_seconds;  // from here on
    int32_t offset_seconds;
  };
  struct Rules {
    int32_t first_offset_seconds = 0;     // before all transitions
    std::vector<Transition> transitions;  // ascending
  };
  std::shared_ptr<const Rules> rules_;  // null: UTC
};

}  // namespace luma::pgwire
