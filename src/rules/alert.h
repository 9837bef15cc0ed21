// One alert: a series for which the expression of an alerting rule has had a value.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "model/labels.h"
#include "rules/template_value.h"

namespace luma::rules {

// In the order of urgency. A rule's state is the highest of its alerts'; kUnknown before it has
// been evaluated.
enum class AlertState : uint8_t { kUnknown, kInactive, kPending, kFiring };
std::string_view AlertStateText(AlertState state);  // "firing"

// Times are 0 for never. Plain data.
struct Alert {
  AlertState state = AlertState::kPending;
  Labels labels;
  LabelMap annotations;
  double value = 0;          // of the expression, when it was last evaluated
  UnixMillis active_at = 0;  // since when there is a value
  UnixMillis fired_at = 0;
  UnixMillis resolved_at = 0;  // then it is kInactive
  UnixMillis last_sent_at = 0;
  UnixMillis valid_until = 0;  // what the Alertmanager is told as the end of one that fires
  UnixMillis keep_firing_since = 0;
};

}  // namespace luma::rules
