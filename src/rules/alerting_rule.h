// The life of an alerting rule's alerts.
//
//             a value                held for `for`
//   (nothing) ────────▶ pending ─────────────────────▶ firing
//       ▲                  │ no value                     │ no value for keep_firing_for
//       └──────────────────┴───── 15 min later ── inactive ◀┘ (resolved, told to the Alertmanager)
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rules/alert.h"
#include "rules/rule_file.h"
#include "rules/rule_queries.h"

namespace luma::rules {

struct AlertContext {
  std::shared_ptr<const LabelMap> external_labels = std::make_shared<const LabelMap>();
  std::string external_url;
};

// Thread-compatible; Compute is const and may run while others read.
class AlertingRule {
 public:
  // A resolved alert is told to the Alertmanager for this long.
  static constexpr std::chrono::minutes kResolvedRetention{15};
  static constexpr std::string_view kAlertsMetric = "ALERTS";
  static constexpr std::string_view kForStateMetric = "ALERTS_FOR_STATE";

  // `restored`: there is no state from before a restart to wait for.
  AlertingRule(std::shared_ptr<const RuleSpec> spec, bool restored)
      : spec_(std::move(spec)), restored_(restored) {}

  // The alerts that the expression gives at `time` - `offset`, as new ones. A template that cannot
  // be expanded becomes "<error expanding template: ...>". Errors: those of the query; two alerts
  // with the same labels.
  Result<std::vector<Alert>> Compute(const RuleQueries& queries, const AlertContext& context,
                                     UnixMillis time, std::chrono::milliseconds offset) const;

  // Moves every alert on in its life; gives the samples of ALERTS and, once restored,
  // ALERTS_FOR_STATE. Errors: more than `limit` alerts, when that is not 0; then there are none.
  Result<std::vector<RuleSample>> Apply(std::vector<Alert> computed, UnixMillis time,
                                        int64_t limit);

  // Those to be told to the Alertmanager now: firing or resolved, and not told for `resend_delay`.
  // They count as sent.
  std::vector<Alert> TakeAlertsToSend(UnixMillis time, std::chrono::milliseconds resend_delay,
                                      std::chrono::milliseconds interval);

  // Whether the state from before a restart has been taken over, or was not there.
  bool restored() const { return restored_; }
  // The series of ALERTS_FOR_STATE from before the restart that are not older than `tolerance`;
  // none when the rule holds for less than `grace`, and so starts anew.
  Result<std::vector<SeriesSamples>> StoredStates(const RuleQueries& queries, UnixMillis now,
                                                  std::chrono::milliseconds tolerance,
                                                  std::chrono::milliseconds grace) const;
  // Gives the alerts the active_at that those have, moved on by the time that the server was down,
  // but no alert fires sooner than `grace` from now.
  void Restore(std::span<const SeriesSamples> states, UnixMillis now,
               std::chrono::milliseconds grace);
  // Takes over the alerts of the same rule before a reload, and whether they are restored.
  void TakeAlerts(const AlertingRule& from) {
    active_ = from.active_;
    restored_ = from.restored_;
  }

  AlertState state() const;                 // kInactive when there are no alerts
  std::vector<Alert> ActiveAlerts() const;  // without resolved ones, ordered by labels

 private:
  // After the clock was set back: what happens next must not wait for it to get there again.
  void ForgetFuture(UnixMillis time);
  void Advance(Alert& alert, UnixMillis time) const;
  bool KeepsFiring(Alert& alert, UnixMillis time) const;
  void RestoreAlert(Alert& alert, const SeriesSamples& series, UnixMillis now,
                    std::chrono::milliseconds grace) const;
  void AppendSamples(const Alert& alert, std::vector<RuleSample>& samples) const;

  const std::shared_ptr<const RuleSpec> spec_;
  bool restored_;
  std::map<std::string, Alert, std::less<>> active_;  // by the canonical bytes of the labels
};

}  // namespace luma::rules
