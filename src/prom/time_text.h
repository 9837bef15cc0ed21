// Points in time as Go's JSON has them.
#pragma once

#include <string>

#include "base/clock.h"

namespace luma::prom {

// RFC 3339 in UTC, with a fraction when there is one: "2023-11-14T22:13:20.5Z". Of time 0, which
// stands for never: "0001-01-01T00:00:00Z".
std::string Rfc3339(UnixMillis time);

}  // namespace luma::prom
