// What a query tells the user besides its answer: warnings and remarks, each once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace luma::promql {

// In Prometheus' words, "PromQL warning: ..." and "PromQL info: ...", without a position.
// Thread-compatible.
class Annotations {
 public:
  void Warn(std::string_view text) { Add("PromQL warning: ", text, warnings_); }
  void Inform(std::string_view text) { Add("PromQL info: ", text, infos_); }
  // Warns `text for metric name "name"`; without the metric when it has no name.
  void WarnAboutMetric(std::string_view text, std::string_view name);
  void InformAboutMetric(std::string_view text, std::string_view name);

  // In the order in which they came.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::string>& infos() const { return infos_; }

 private:
  static void Add(std::string_view prefix, std::string_view text, std::vector<std::string>& texts);

  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
};

}  // namespace luma::promql
