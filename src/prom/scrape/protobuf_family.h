// The heads of the families of a page in protobuf.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/metrics_source.h"

namespace luma::prom {

// An io.prometheus.client.MetricFamily. Texts point into the page.
struct ProtobufFamily {
  std::string_view message;  // all of it; its metrics are still to be read
  std::string_view name;     // UTF-8, not empty
  std::string_view help;
  std::string_view unit;
  uint64_t type = 0;
};

// Takes the next family off a page that has one. False when it is malformed.
bool TakeFamily(std::string_view& page, ProtobufFamily& family);

// The "# TYPE", "# HELP" and "# UNIT" lines that a page of text would have for these families. A
// family of four bytes has lines of thirty: they are booked on `memory` before they are made, and
// none are made beyond that or beyond kMetadataLineBytesMax. Of a malformed page: those before the
// fault.
std::string FamilyMetadataLines(std::string_view page, ResultMemory& memory);

// More than is kept of what pages tell (WrittenMetadata::kBytesMax).
constexpr size_t kMetadataLineBytesMax = 16 << 20;

}  // namespace luma::prom
