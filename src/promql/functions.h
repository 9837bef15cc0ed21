// The functions of PromQL by name, with the types they take and give.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "promql/value_type.h"

namespace luma::promql {

struct Function {
  std::string_view name;
  std::vector<ValueType> parameters;
  size_t optional = 0;    // how many of the last parameters may be left out
  bool variadic = false;  // the last parameter may be repeated without bound
  ValueType result = ValueType::kVector;
};

// Null when there is no such function. Case matters.
const Function* FindFunction(std::string_view name);

}  // namespace luma::promql
