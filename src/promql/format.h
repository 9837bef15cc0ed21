// Writes a tree back as PromQL text, in the form Prometheus gives it.
#pragma once

#include <string>

#include "promql/ast.h"

namespace luma::promql {

// On one line: `sum by (job) (rate(http_requests_total{code="200"}[5m]))`. Parsing it gives the
// same tree, but for what the parser does not keep: a unary plus, and sums of constant durations.
std::string FormatOnOneLine(const Expr& expr);

// Parts longer than 100 characters are split over lines, two spaces deeper for each level.
std::string FormatPretty(const Expr& expr);

// A matcher as in a selector: code=~"2..", "http.status"="200".
std::string FormatMatcher(const Matcher& matcher);

}  // namespace luma::promql
