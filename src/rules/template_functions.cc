#include "rules/internal/template_functions.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <optional>
#include <string>
#include <utility>

#include "promql/lexer.h"
#include "rules/expression_link.h"
#include "rules/internal/regex_replace.h"

namespace luma::rules {
namespace {

using Value = TemplateValue;
using Answer = Result<TemplateValue>;

constexpr size_t kAnyNumber = 100;
constexpr int64_t kRegexBytesMax = 1 << 20;

Status WrongType(const Value& value, std::string_view wanted) {
  return Status::InvalidArgument("wrong type for value; expected ", wanted, "; got ",
                                 value.TypeName());
}

Status TooLong() {
  return Status::TooLarge("expanded template is too long: limit=", kExpandedBytesMax);
}

Result<std::string> TextOf(const Value& value) {
  if (const auto* text = value.As<std::string>()) return *text;
  return WrongType(value, "string");
}

Result<std::shared_ptr<const TemplateSamples>> SamplesOf(const Value& value) {
  if (const auto* samples = value.As<std::shared_ptr<const TemplateSamples>>()) return *samples;
  return WrongType(value, "template.queryResult");
}

Result<std::shared_ptr<const TemplateSample>> SampleOf(const Value& value) {
  if (const auto* sample = value.As<std::shared_ptr<const TemplateSample>>()) return *sample;
  return WrongType(value, "*template.sample");
}

std::string LabelOf(const TemplateSample& sample, const std::string& name) {
  const auto found = sample.labels->find(name);
  return found == sample.labels->end() ? "" : found->second;
}

// --- Go's own ---------------------------------------------------------------------------------

Answer And(const TemplateCall& call) {
  for (const Value& value : call.arguments) {
    if (!value.IsTrue()) return value;
  }
  return call.arguments.back();
}

Answer Or(const TemplateCall& call) {
  for (const Value& value : call.arguments) {
    if (value.IsTrue()) return value;
  }
  return call.arguments.back();
}

Answer Not(const TemplateCall& call) { return Value(!call.arguments[0].IsTrue()); }

Answer Length(const TemplateCall& call) {
  const Value& value = call.arguments[0];
  if (const auto* text = value.As<std::string>()) return Value(static_cast<int64_t>(text->size()));
  if (const auto* labels = value.As<std::shared_ptr<const LabelMap>>()) {
    return Value(static_cast<int64_t>((*labels)->size()));
  }
  if (const auto* samples = value.As<std::shared_ptr<const TemplateSamples>>()) {
    return Value(static_cast<int64_t>((*samples)->size()));
  }
  return Status::InvalidArgument("len of type ", value.TypeName());
}

Answer Index(const TemplateCall& call) {
  const Value& value = call.arguments[0];
  if (const auto* labels = value.As<std::shared_ptr<const LabelMap>>()) {
    LUMA_ASSIGN_OR_RETURN(const std::string name, TextOf(call.arguments[1]));
    const auto found = (*labels)->find(name);
    return Value(found == (*labels)->end() ? std::string() : found->second);
  }
  const auto* samples = value.As<std::shared_ptr<const TemplateSamples>>();
  const auto* position = call.arguments[1].As<int64_t>();
  if (samples == nullptr || position == nullptr) {
    return Status::InvalidArgument("can't index item of type ", value.TypeName());
  }
  if (*position < 0 || *position >= static_cast<int64_t>((*samples)->size())) {
    return Status::InvalidArgument("index out of range: ", *position);
  }
  return Value(std::make_shared<const TemplateSample>((**samples)[static_cast<size_t>(*position)]));
}

// Spaces go between values neither of which is a string.
Answer Print(const TemplateCall& call) {
  std::string out;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const bool text = call.arguments[i].As<std::string>() != nullptr;
    const bool text_before = i > 0 && call.arguments[i - 1].As<std::string>() != nullptr;
    if (i > 0 && !text && !text_before) out += ' ';
    out += call.arguments[i].Text(kExpandedBytesMax);
    if (out.size() > kExpandedBytesMax) return TooLong();
  }
  return Value(std::move(out));
}

Answer PrintLine(const TemplateCall& call) {
  std::string out;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (i > 0) out += ' ';
    out += call.arguments[i].Text(kExpandedBytesMax);
    if (out.size() > kExpandedBytesMax) return TooLong();
  }
  return Value(out + "\n");
}

Answer PrintFormatted(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string format, TextOf(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(std::string text, FormatTemplate(format, call.arguments.subspan(1)));
  return Value(std::move(text));
}

Answer EscapeHtml(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const Value printed, Print(call));
  std::string out;
  for (const char c : printed.Text()) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return Value(std::move(out));
}

Answer EscapeUrlQuery(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const Value printed, Print(call));
  return Value(QueryEscaped(printed.Text()));
}

// nullopt for values that cannot be ordered with each other: Go compares an int with no float.
std::optional<std::partial_ordering> Compare(const Value& a, const Value& b) {
  if (a.variant().index() != b.variant().index()) return std::nullopt;
  if (const auto* number = a.As<double>()) return *number <=> *b.As<double>();
  if (const auto* integer = a.As<int64_t>()) return *integer <=> *b.As<int64_t>();
  if (const auto* text = a.As<std::string>()) return *text <=> *b.As<std::string>();
  if (const bool* flag = a.As<bool>()) {
    return *flag == *b.As<bool>() ? std::partial_ordering::equivalent
                                  : std::partial_ordering::unordered;
  }
  return std::nullopt;
}

Status Incomparable(const Value& a, const Value& b) {
  return Status::InvalidArgument("incompatible types for comparison: ", a.TypeName(), " and ",
                                 b.TypeName());
}

// The first argument equals any of the others.
Answer Equal(const TemplateCall& call) {
  for (const Value& other : call.arguments.subspan(1)) {
    const auto order = Compare(call.arguments[0], other);
    if (!order) return Incomparable(call.arguments[0], other);
    if (*order == 0) return Value(true);
  }
  return Value(false);
}

template <bool (*kTest)(std::partial_ordering)>
Answer Ordered(const TemplateCall& call) {
  const auto order = Compare(call.arguments[0], call.arguments[1]);
  if (!order) return Incomparable(call.arguments[0], call.arguments[1]);
  return Value(kTest(*order));
}

// --- Prometheus' ------------------------------------------------------------------------------

Answer Query(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string query, TextOf(call.arguments[0]));
  if (!call.data.query) return Status::InvalidArgument("no queries in this template");
  LUMA_ASSIGN_OR_RETURN(TemplateSamples samples, call.data.query(query));
  return Value(std::make_shared<const TemplateSamples>(std::move(samples)));
}

Answer First(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const auto samples, SamplesOf(call.arguments[0]));
  if (samples->empty()) {
    return Status::InvalidArgument("first() called on vector with no elements");
  }
  return Value(std::make_shared<const TemplateSample>(samples->front()));
}

Answer Label(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string name, TextOf(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const auto sample, SampleOf(call.arguments[1]));
  return Value(LabelOf(*sample, name));
}

Answer SampleValue(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const auto sample, SampleOf(call.arguments[0]));
  return Value(sample->value);
}

Answer StringValue(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const auto sample, SampleOf(call.arguments[0]));
  return Value(LabelOf(*sample, "__value__"));
}

Answer SortByLabel(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string name, TextOf(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const auto samples, SamplesOf(call.arguments[1]));
  std::vector<std::pair<std::string, size_t>> order;
  for (size_t i = 0; i < samples->size(); ++i) order.emplace_back(LabelOf((*samples)[i], name), i);
  std::sort(order.begin(), order.end());
  TemplateSamples sorted;
  for (const auto& [label, position] : order) sorted.push_back((*samples)[position]);
  return Value(std::make_shared<const TemplateSamples>(std::move(sorted)));
}

Answer Arguments(const TemplateCall& call) {
  auto record = std::make_shared<TemplateRecord>();
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    (*record)["arg" + std::to_string(i)] = call.arguments[i];
  }
  return Value(std::shared_ptr<const TemplateRecord>(std::move(record)));
}

Result<std::unique_ptr<re2::RE2>> Regex(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  auto regex = std::make_unique<re2::RE2>(pattern, options);
  if (!regex->ok()) return Status::InvalidArgument("error parsing regexp: ", regex->error());
  return regex;
}

Answer MatchRegex(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string pattern, TextOf(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const std::string text, TextOf(call.arguments[1]));
  LUMA_ASSIGN_OR_RETURN(const auto regex, Regex(pattern));
  return Value(re2::RE2::PartialMatch(text, *regex));
}

Answer ReplaceRegex(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string pattern, TextOf(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(const std::string replacement, TextOf(call.arguments[1]));
  LUMA_ASSIGN_OR_RETURN(const std::string text, TextOf(call.arguments[2]));
  LUMA_ASSIGN_OR_RETURN(const auto regex, Regex(pattern));
  LUMA_ASSIGN_OR_RETURN(std::string replaced, ReplaceAll(*regex, text, replacement));
  return Value(std::move(replaced));
}

template <char (*kChange)(char, bool)>
Answer ChangeCase(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(std::string text, TextOf(call.arguments[0]));
  bool word_begins = true;
  for (char& c : text) {
    const bool begins = std::exchange(word_begins, c == ' ' || c == '\t' || c == '\n' || c == '-');
    c = kChange(c, begins);
  }
  return Value(std::move(text));
}
char Upper(char c, bool) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char Lower(char c, bool) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char Title(char c, bool begins) { return begins ? Upper(c, true) : c; }

Answer SafeHtml(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(std::string text, TextOf(call.arguments[0]));
  return Value(std::move(text));
}

// "host:port" or "[host]:port" in its parts; an empty port when there is none.
std::pair<std::string, std::string> SplitHostPort(const std::string& text) {
  const size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const size_t close = text.find(']');
  const bool has_port =
      colon != std::string::npos &&
      (bracketed ? close != std::string::npos && colon == close + 1 : text.find(':') == colon);
  if (!has_port) return {text, ""};
  const std::string host = bracketed ? text.substr(1, close - 1) : text.substr(0, colon);
  return {host, text.substr(colon + 1)};
}

Answer StripPort(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, TextOf(call.arguments[0]));
  return Value(SplitHostPort(text).first);
}

bool IsAddress(std::string_view host) {
  const bool v6 = host.find(':') != std::string_view::npos;
  const bool v4 = !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return v4 || v6;
}

Answer StripDomain(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, TextOf(call.arguments[0]));
  const auto [host, port] = SplitHostPort(text);
  if (IsAddress(host)) return Value(text);
  const std::string name = host.substr(0, host.find('.'));
  return Value(port.empty() ? name : name + ":" + port);
}

template <std::string (*kHumanize)(double)>
Answer Humanized(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const double value, NumberOfTemplateValue(call.arguments[0]));
  return Value(kHumanize(value));
}

Answer HumanizedTimestamp(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const double value, NumberOfTemplateValue(call.arguments[0]));
  LUMA_ASSIGN_OR_RETURN(std::string text, HumanizeTimestamp(value));
  return Value(std::move(text));
}

Answer Now(const TemplateCall& call) { return Value(static_cast<double>(call.data.time) / 1000); }

Answer ExternalUrl(const TemplateCall& call) { return Value(call.data.external_url); }

Answer PathPrefix(const TemplateCall& call) {
  const std::string& url = call.data.external_url;
  const size_t host = url.find("://");
  const size_t path = url.find('/', host == std::string::npos ? 0 : host + 3);
  return Value(path == std::string::npos ? std::string() : url.substr(path));
}

template <char kTab>
Answer LinkTo(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string expression, TextOf(call.arguments[0]));
  return Value(ExpressionLink(expression, kTab));
}

Answer ParseDuration(const TemplateCall& call) {
  LUMA_ASSIGN_OR_RETURN(const std::string text, TextOf(call.arguments[0]));
  const bool negative = text.starts_with('-');
  const std::string_view length = std::string_view(text).substr(negative ? 1 : 0);
  const std::optional<int64_t> millis =
      length == "0" ? std::optional<int64_t>(0) : promql::ParseDurationMillis(length);
  if (!millis) return Status::InvalidArgument("not a valid duration string: ", text);
  return Value(static_cast<double>(negative ? -*millis : *millis) / 1000);
}

constexpr TemplateFunction kFunctions[] = {
    {"and", 1, kAnyNumber, And},
    {"args", 0, kAnyNumber, Arguments},
    {"eq", 2, kAnyNumber, Equal},
    {"externalURL", 0, 0, ExternalUrl},
    {"first", 1, 1, First},
    {"ge", 2, 2, Ordered<std::is_gteq>},
    {"graphLink", 1, 1, LinkTo<'0'>},
    {"gt", 2, 2, Ordered<std::is_gt>},
    {"html", 1, kAnyNumber, EscapeHtml},
    {"humanize", 1, 1, Humanized<Humanize>},
    {"humanize1024", 1, 1, Humanized<Humanize1024>},
    {"humanizeDuration", 1, 1, Humanized<HumanizeDuration>},
    {"humanizePercentage", 1, 1, Humanized<HumanizePercentage>},
    {"humanizeTimestamp", 1, 1, HumanizedTimestamp},
    {"index", 2, 2, Index},
    {"label", 2, 2, Label},
    {"le", 2, 2, Ordered<std::is_lteq>},
    {"len", 1, 1, Length},
    {"lt", 2, 2, Ordered<std::is_lt>},
    {"match", 2, 2, MatchRegex},
    {"ne", 2, 2, Ordered<std::is_neq>},
    {"not", 1, 1, Not},
    {"now", 0, 0, Now},
    {"or", 1, kAnyNumber, Or},
    {"parseDuration", 1, 1, ParseDuration},
    {"pathPrefix", 0, 0, PathPrefix},
    {"print", 0, kAnyNumber, Print},
    {"printf", 1, kAnyNumber, PrintFormatted},
    {"println", 0, kAnyNumber, PrintLine},
    {"query", 1, 1, Query},
    {"reReplaceAll", 3, 3, ReplaceRegex},
    {"safeHtml", 1, 1, SafeHtml},
    {"sortByLabel", 2, 2, SortByLabel},
    {"stripDomain", 1, 1, StripDomain},
    {"stripPort", 1, 1, StripPort},
    {"strvalue", 1, 1, StringValue},
    {"tableLink", 1, 1, LinkTo<'1'>},
    {"title", 1, 1, ChangeCase<Title>},
    {"toLower", 1, 1, ChangeCase<Lower>},
    {"toUpper", 1, 1, ChangeCase<Upper>},
    {"urlQueryEscape", 1, 1, EscapeUrlQuery},
    {"urlquery", 1, kAnyNumber, EscapeUrlQuery},
    {"value", 1, 1, SampleValue},
};

}  // namespace

const TemplateFunction* FindTemplateFunction(std::string_view name) {
  for (const TemplateFunction& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

Result<double> NumberOfTemplateValue(const TemplateValue& value) {
  if (const auto* number = value.As<double>()) return *number;
  if (const auto* integer = value.As<int64_t>()) return static_cast<double>(*integer);
  if (const auto* text = value.As<std::string>()) {
    double number = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error == std::errc() && stop == end) return number;
    return Status::InvalidArgument("parsing \"", *text, "\": invalid syntax");
  }
  return Status::InvalidArgument("can't convert ", value.TypeName(), " to float");
}

}  // namespace luma::rules
