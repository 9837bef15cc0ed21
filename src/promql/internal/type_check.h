// The rules about which values may meet. Each returns the message of the rule that is broken,
// without position; "" when all hold.
#pragma once

#include <string>

#include "promql/ast.h"

namespace luma::promql {

std::string CheckBinary(const Binary& binary, bool has_matching);
std::string CheckCall(const Call& call);
// `argument_count` as written, also when it does not fit.
std::string CheckAggregate(const Aggregate& aggregate, std::string_view name,
                           size_t argument_count);
bool TakesParameter(AggregateOp op);

}  // namespace luma::promql
