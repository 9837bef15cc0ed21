// The bits that chunks of Prometheus' storage are made of.
#pragma once

#include <cstdint>
#include <string>

namespace luma::prom {

// Appends to `out`, the most significant bit first. Lifetime: `out` outlives it. Thread-compatible.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}

  // The low `count` bits.
  void Write(uint64_t value, int count);
  // LEB128, a byte at a time.
  void Varint(uint64_t value);
  // Prometheus' "varbit" numbers: a prefix of ones says how many bits follow, few for small ones.
  void Varbit(int64_t value);
  void VarbitUnsigned(uint64_t value);

 private:
  std::string& out_;
  int free_ = 0;  // bits of the last byte
};

// A column of doubles, each written as the bits in which it differs from the one before.
class XorColumn {
 public:
  void First(double value, BitWriter& bits);
  void Next(double value, BitWriter& bits);

 private:
  uint64_t value_ = 0;
  int leading_ = -1;  // of the last window of bits; none yet
  int trailing_ = 0;
};

}  // namespace luma::prom
