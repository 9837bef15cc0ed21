// Go's printf over the values of templates.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "promql/float_text.h"
#include "promql/quoted_text.h"
#include "rules/internal/template_functions.h"

namespace luma::rules {
namespace {

constexpr int kWidthMax = 1000;  // as Go bounds it, roughly: a width is no way to fill memory

struct Directive {
  bool minus = false;
  bool plus = false;
  bool zero = false;
  bool space = false;
  bool sharp = false;
  int width = 0;
  std::optional<int> precision;
  char verb = 0;  // 0: the format ended
};

int TakeNumber(std::string_view& text) {
  int number = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    number = std::min(number * 10 + (text[0] - '0'), kWidthMax);
  }
  return number;
}

// Behind the "%".
Directive TakeDirective(std::string_view& text) {
  Directive directive;
  for (bool flag = true; flag && !text.empty();) {
    switch (text[0]) {
      case '-':
        directive.minus = true;
        break;
      case '+':
        directive.plus = true;
        break;
      case '0':
        directive.zero = true;
        break;
      case ' ':
        directive.space = true;
        break;
      case '#':
        directive.sharp = true;
        break;
      default:
        flag = false;
    }
    if (flag) text.remove_prefix(1);
  }
  directive.width = TakeNumber(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    directive.precision = TakeNumber(text);
  }
  if (!text.empty()) {
    directive.verb = text[0];
    text.remove_prefix(1);
  }
  return directive;
}

// Widths and precisions of texts count characters.
bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::string_view FirstCharacters(std::string_view text, size_t count) {
  size_t end = 0;
  while (end < text.size() && (count > 0 || !BeginsCharacter(text[end]))) {
    if (BeginsCharacter(text[end])) --count;
    ++end;
  }
  return text.substr(0, end);
}

std::string Padded(std::string text, const Directive& directive, bool number) {
  const auto width = static_cast<size_t>(directive.width);
  const auto characters = static_cast<size_t>(std::ranges::count_if(text, BeginsCharacter));
  if (characters >= width) return text;
  const size_t missing = width - characters;
  if (directive.minus) return text.append(missing, ' ');
  if (!directive.zero || !number) return text.insert(0, missing, ' ');
  const bool sign = text.starts_with('-') || text.starts_with('+');
  return text.insert(sign ? 1 : 0, missing, '0');
}

std::string Signed(std::string text, const Directive& directive) {
  if (text.starts_with('-') || text.starts_with('+')) return text;
  if (directive.plus) return "+" + text;
  return directive.space ? " " + text : text;
}

std::optional<std::string> FloatDigits(double value, const Directive& directive) {
  if (!std::isfinite(value)) return promql::FloatText(value);
  const int precision = directive.precision.value_or(6);
  switch (directive.verb) {
    case 'f':
    case 'F':
      return fmt::format("{:.{}f}", value, precision);
    case 'e':
      return fmt::format("{:.{}e}", value, precision);
    case 'E':
      return fmt::format("{:.{}E}", value, precision);
    case 'g':
    case 'G':
    case 'v':
      if (!directive.precision) return GoFloatText(value);
      return fmt::format("{:.{}g}", value, precision);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> IntegerDigits(int64_t value, const Directive& directive) {
  switch (directive.verb) {
    case 'd':
    case 'v':
      return std::to_string(value);
    case 'x':
      return fmt::format("{:x}", value);
    case 'X':
      return fmt::format("{:X}", value);
    case 'o':
      return fmt::format("{:o}", value);
    case 'b':
      return fmt::format("{:b}", value);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> StringText(const std::string& value, const Directive& directive) {
  const std::string text(directive.precision
                             ? FirstCharacters(value, static_cast<size_t>(*directive.precision))
                             : std::string_view(value));
  switch (directive.verb) {
    case 's':
    case 'v':
      return text;
    case 'q':
      return promql::QuotedText(text);
    case 'x': {
      std::string hex;
      for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
      return hex;
    }
    default:
      return std::nullopt;
  }
}

std::string Mismatch(const Directive& directive, const TemplateValue& value) {
  if (value.is_nil()) return fmt::format("%!{}(<nil>)", directive.verb);
  return fmt::format("%!{}({}={})", directive.verb, value.TypeName(),
                     value.Text(kExpandedBytesMax));
}

std::string Formatted(const Directive& directive, const TemplateValue& value) {
  std::optional<std::string> text;
  bool number = true;
  if (const auto* real = value.As<double>()) {
    text = FloatDigits(*real, directive);
  } else if (const auto* integer = value.As<int64_t>()) {
    text = IntegerDigits(*integer, directive);
  } else {
    number = false;
    if (const auto* string = value.As<std::string>()) {
      text = StringText(*string, directive);
    } else if (const bool* flag = value.As<bool>()) {
      if (directive.verb == 't' || directive.verb == 'v') text = *flag ? "true" : "false";
    } else if (directive.verb == 'v' || directive.verb == 's') {
      text = value.is_nil() ? "<nil>" : value.Text(kExpandedBytesMax);
      if (value.is_nil() && directive.verb == 's') text = std::nullopt;
    }
  }
  if (!text) return Mismatch(directive, value);
  return Padded(number ? Signed(*std::move(text), directive) : *std::move(text), directive, number);
}

}  // namespace

Result<std::string> FormatTemplate(std::string_view format,
                                   std::span<const TemplateValue> arguments) {
  const Status too_long =
      Status::TooLarge("expanded template is too long: limit=", kExpandedBytesMax);
  std::string out;
  size_t used = 0;
  while (!format.empty()) {
    const size_t percent = std::min(format.find('%'), format.size());
    out.append(format.substr(0, percent));
    format.remove_prefix(percent);
    if (format.empty()) break;
    format.remove_prefix(1);
    const Directive directive = TakeDirective(format);
    if (directive.verb == 0) {
      out += "%!(NOVERB)";
    } else if (directive.verb == '%') {
      out += '%';
    } else if (used >= arguments.size()) {
      out += fmt::format("%!{}(MISSING)", directive.verb);
    } else {
      out += Formatted(directive, arguments[used++]);
    }
    if (out.size() > kExpandedBytesMax) return too_long;
  }
  if (used == arguments.size()) return out;
  out += "%!(EXTRA ";
  for (size_t i = used; i < arguments.size(); ++i) {
    if (out.size() > kExpandedBytesMax) return too_long;
    if (i > used) out += ", ";
    out += fmt::format("{}={}", arguments[i].TypeName(), arguments[i].Text(kExpandedBytesMax));
  }
  return out + ")";
}

}  // namespace luma::rules
