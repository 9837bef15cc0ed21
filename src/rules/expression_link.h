// Links to expressions in alerts.
#pragma once

#include <string>
#include <string_view>

namespace luma::rules {

// As Go's url.QueryEscape: "a b&" is "a+b%26".
std::string QueryEscaped(std::string_view text);

// Path and query of the page that shows the expression as Prometheus has it; `tab` is '0' for a
// graph and '1' for a table: "/graph?g0.expr=up&g0.tab=1".
std::string ExpressionLink(std::string_view expression, char tab);

}  // namespace luma::rules
