#include "promql/evaluation_context.h"

namespace luma::promql {

Status EvaluationContext::BookBytes(uint64_t bytes) {
  if (!meter_.Book(bytes)) return meter_.Check();
  return CheckDeadline();
}

Status EvaluationContext::CheckPoints(uint64_t points) const {
  if (points <= limits_.samples_max) return Status::Ok();
  return Status::TooLarge("query gives too many samples: limit=", limits_.samples_max);
}

}  // namespace luma::promql
