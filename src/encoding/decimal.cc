#include "encoding/decimal.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "encoding/bit_packing.h"

namespace luma::encoding {
namespace {

constexpr double kIntegerMax = 9007199254740992.0;  // 2^53: up to here every integer is a double

// Runs of neighbours: both codecs keep integers by what is near them, so that the range of distant
// rows says little of their width (measured: bench/results/codecs.md).
constexpr size_t kSampleSize = 128;
constexpr size_t kSampleRun = 4;
constexpr size_t kExceptionBits = 72;  // row gap and value

// False: the value does not come back bit by bit.
bool ToInteger(double value, int exponent, int64_t& integer) {
  const double power = PowerOfTenOf(exponent).power;
  const double scaled = std::nearbyint(value * power);
  if (!(std::fabs(scaled) <= kIntegerMax)) return false;  // also false for NaN
  integer = static_cast<int64_t>(scaled);
  return std::bit_cast<uint64_t>(scaled / power) == std::bit_cast<uint64_t>(value) &&
         !(scaled == 0 && std::signbit(value));  // an integer has no -0
}

// What values would cost in bits with some exponent, and whether all of them are exact.
struct Estimate {
  size_t bits = 0;
  bool all_exact = true;
};
Estimate EstimateRun(std::span<const double> run, int exponent) {
  int64_t min = INT64_MAX;
  int64_t max = INT64_MIN;
  size_t exact = 0;
  for (const double value : run) {
    int64_t integer = 0;
    if (!ToInteger(value, exponent, integer)) continue;
    min = std::min(min, integer);
    max = std::max(max, integer);
    ++exact;
  }
  const int width =
      exact == 0 ? 0 : BitWidth(static_cast<uint64_t>(max) - static_cast<uint64_t>(min));
  return {exact * static_cast<size_t>(width) + (run.size() - exact) * kExceptionBits,
          exact == run.size()};
}

// Of `values` up to kSampleRun from `begin` on.
std::span<const double> RunAt(std::span<const double> values, size_t begin) {
  return values.subspan(begin, std::min(kSampleRun, values.size() - begin));
}

Estimate EstimateExponent(std::span<const double> sample, int exponent) {
  Estimate total;
  for (size_t i = 0; i < sample.size(); i += kSampleRun) {
    const Estimate run = EstimateRun(RunAt(sample, i), exponent);
    total.bits += run.bits;
    total.all_exact &= run.all_exact;
  }
  return total;
}

std::vector<double> SampleOf(std::span<const double> values) {
  const size_t step = (values.size() / kSampleSize + 1) * kSampleRun;
  std::vector<double> sample;
  for (size_t i = 0; i < values.size(); i += step) {
    const std::span<const double> run = RunAt(values, i);
    sample.insert(sample.end(), run.begin(), run.end());
  }
  return sample;
}

int BestExponent(std::span<const double> values) {
  const std::vector<double> sample = SampleOf(values);
  int best = 0;
  size_t best_bits = SIZE_MAX;
  for (int exponent = 0; exponent <= kDecimalExponentMax; ++exponent) {
    const Estimate estimate = EstimateExponent(sample, exponent);
    if (estimate.bits < best_bits) {
      best = exponent;
      best_bits = estimate.bits;
    }
    if (estimate.all_exact) break;  // larger ones only make wider integers
  }
  return best;
}

// The integer of the first value that has one; 0 if none has.
int64_t FirstInteger(std::span<const double> values, int exponent) {
  int64_t integer = 0;
  for (const double value : values) {
    if (ToInteger(value, exponent, integer)) return integer;
  }
  return 0;
}

}  // namespace

Decimals SplitDecimals(std::span<const double> values) {
  Decimals decimals;
  decimals.exponent = BestExponent(values);
  decimals.integers.resize(values.size());
  int64_t previous = FirstInteger(values, decimals.exponent);
  for (size_t row = 0; row < values.size(); ++row) {
    int64_t integer = 0;
    if (ToInteger(values[row], decimals.exponent, integer)) {
      previous = integer;
    } else {
      decimals.exceptions.push_back({static_cast<uint32_t>(row), values[row]});
    }
    decimals.integers[row] = previous;
  }
  return decimals;
}

void AppendDecimalHeader(int exponent, std::span<const DecimalException> exceptions, Bytes& out) {
  ByteWriter writer(out);
  writer.Fixed(static_cast<uint8_t>(exponent));
  writer.Varint(exceptions.size());
  uint32_t next_row = 0;
  for (const DecimalException& exception : exceptions) {
    writer.Varint(exception.row - next_row);
    writer.Fixed(exception.value);
    next_row = exception.row + 1;
  }
}

bool DecimalHeader::Read(ByteReader& reader, size_t rows) {
  exponent_ = reader.Fixed<uint8_t>();
  exceptions_ = reader.Varint();
  if (exponent_ > kDecimalExponentMax || exceptions_ > rows) return false;
  at_exceptions_ = reader;
  for (uint64_t i = 0; i < exceptions_ && reader.ok(); ++i) {
    reader.Varint();
    reader.Fixed<uint64_t>();
  }
  return reader.ok();
}

bool DecimalHeader::PatchExceptions(std::span<uint64_t> out) const {
  ByteReader reader = at_exceptions_;
  uint64_t row = 0;
  for (uint64_t i = 0; i < exceptions_; ++i) {
    const uint64_t gap = reader.Varint();
    const auto bits = reader.Fixed<uint64_t>();
    if (!reader.ok() || gap >= out.size() - row) return false;
    out[row + gap] = bits;
    row += gap + 1;
  }
  return true;
}

}  // namespace luma::encoding
