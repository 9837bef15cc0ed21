#include "promql/evaluation_context.h"

namespace luma::promql {

Status EvaluationContext::BookBytes(uint64_t bytes) {
  LUMA_RETURN_IF_ERROR(CheckDeadline());
  return limits_.memory == nullptr ? Status::Ok() : limits_.memory->Book(bytes);
}

Status EvaluationContext::CheckPoints(uint64_t points) const {
  if (points <= limits_.samples_max) return Status::Ok();
  return Status::TooLarge("query gives too many samples: limit=", limits_.samples_max);
}

}  // namespace luma::promql
