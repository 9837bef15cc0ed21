// Writes pages in protobuf: just enough of it for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace luma::prom {

inline std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  return out + static_cast<char>(value);
}

// Fields by their number.
inline std::string Number(uint32_t field, uint64_t value) {
  return Varint(field << 3) + Varint(value);
}
inline std::string Signed(uint32_t field, int64_t value) {
  return Number(field, (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}
inline std::string Double(uint32_t field, double value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  return Varint(field << 3 | 1) + std::string(bytes, sizeof(bytes));
}
inline std::string Bytes(uint32_t field, const std::string& bytes) {
  return Varint(field << 3 | 2) + Varint(bytes.size()) + bytes;
}

inline std::string Label(const std::string& name, const std::string& value) {
  return Bytes(1, Bytes(1, name) + Bytes(2, value));
}
inline std::string Family(const std::string& name, uint64_t type, const std::string& metrics) {
  const std::string message = Bytes(1, name) + Bytes(2, "A help.") + Number(3, type) + metrics;
  return Varint(message.size()) + message;
}
constexpr uint64_t kCounter = 0;
constexpr uint64_t kGauge = 1;
constexpr uint64_t kSummary = 2;
constexpr uint64_t kHistogram = 4;
constexpr uint64_t kGaugeHistogram = 5;

// The fields that make a histogram a native one.
inline std::string NativeHistogram() {
  return Number(1, 7) + Double(2, 12.5) + Signed(5, 3) + Double(6, 0.001) + Number(7, 1) +
         Bytes(12, Signed(1, -2) + Number(2, 2)) + Signed(13, 2) + Signed(13, 2);
}

}  // namespace luma::prom
