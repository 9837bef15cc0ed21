#include "promql/duration_text.h"

#include <string_view>
#include <utility>
#include <vector>

namespace luma::promql {
namespace {

using Kind = DurationTerm::Kind;

struct Unit {
  std::string_view name;
  uint64_t millis;
  bool exact;  // used only when it divides what is left
};
constexpr Unit kUnits[] = {
    {"y", 365ull * 86'400'000, true},
    {"w", 7ull * 86'400'000, true},
    {"d", 86'400'000, false},
    {"h", 3'600'000, false},
    {"m", 60'000, false},
    {"s", 1'000, false},
    {"ms", 1, false},
};

// Binding strengths of the text of a term: sums, products, signs and powers, what needs no
// parentheses.
constexpr int kSum = 1;
constexpr int kProduct = 2;
constexpr int kPower = 3;
constexpr int kWhole = 4;

struct Operator {
  std::string_view text;
  int strength;
};

Operator OperatorOf(Kind kind) {
  switch (kind) {
    case Kind::kAdd:
      return {" + ", kSum};
    case Kind::kSubtract:
      return {" - ", kSum};
    case Kind::kMultiply:
      return {" * ", kProduct};
    case Kind::kDivide:
      return {" / ", kProduct};
    case Kind::kModulo:
      return {" % ", kProduct};
    default:
      return {" ^ ", kPower};
  }
}

struct Piece {
  std::string text;
  int strength = kWhole;
};

std::string Enclosed(const Piece& piece, int weakest) {
  return piece.strength < weakest ? "(" + piece.text + ")" : piece.text;
}

Piece Joined(Kind kind, const Piece& left, const Piece& right) {
  if (kind == Kind::kMin || kind == Kind::kMax) {
    return {(kind == Kind::kMin ? "min(" : "max(") + left.text + ", " + right.text + ")"};
  }
  const auto [text, strength] = OperatorOf(kind);
  const bool power = kind == Kind::kPower;  // the only one that associates to the right
  return {Enclosed(left, power ? strength + 1 : strength) + std::string(text) +
              Enclosed(right, power ? strength : strength + 1),
          strength};
}

}  // namespace

std::string DurationText(int64_t millis) {
  if (millis == 0) return "0s";
  std::string text = millis < 0 ? "-" : "";
  uint64_t left = millis < 0 ? -static_cast<uint64_t>(millis) : static_cast<uint64_t>(millis);
  for (const Unit& unit : kUnits) {
    if (left < unit.millis || (unit.exact && left % unit.millis != 0)) continue;
    text.append(std::to_string(left / unit.millis)).append(unit.name);
    left %= unit.millis;
  }
  return text;
}

std::string DurationText(const Duration& duration) {
  if (duration.terms.empty()) return DurationText(duration.ms);
  std::vector<Piece> stack;
  for (const DurationTerm& term : duration.terms) {
    switch (term.kind) {
      case Kind::kNumber:
        stack.push_back({DurationText(MillisOfSeconds(term.seconds).value_or(0))});
        break;
      case Kind::kStep:
        stack.push_back({"step()"});
        break;
      case Kind::kRange:
        stack.push_back({"range()"});
        break;
      case Kind::kNegate:
        stack.back() = {"-" + Enclosed(stack.back(), kPower), kPower};
        break;
      default: {
        const Piece right = std::move(stack.back());
        stack.pop_back();
        stack.back() = Joined(term.kind, stack.back(), right);
      }
    }
  }
  return stack.back().text;
}

}  // namespace luma::promql
