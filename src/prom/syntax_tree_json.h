// The tree of an expression as /api/v1/parse_query gives it.
#pragma once

#include "prom/json_writer.h"
#include "promql/ast.h"

namespace luma::prom {

// Writes one value: {"type":"vectorSelector","name":"up",...}, with the keys in Prometheus' order.
void WriteSyntaxTree(const promql::Expr& expr, JsonWriter& json);

}  // namespace luma::prom
