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
  void Warn(std::string_view text) { AddOnce("PromQL warning: " + std::string(text), warnings_); }
  void Inform(std::string_view text) { AddOnce("PromQL info: " + std::string(text), infos_); }
  // Warns `text for metric name "name"`; without the metric when it has no name.
  void WarnAboutMetric(std::string_view text, std::string_view name);
  void InformAboutMetric(std::string_view text, std::string_view name);

  // What another part of the query has to tell.
  void Add(const Annotations& others);

  // In the order in which they came.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::string>& infos() const { return infos_; }

 private:
  static void AddOnce(std::string text, std::vector<std::string>& texts);

  std::vector<std::string> warnings_;
  std::vector<std::string> infos_;
};

}  // namespace luma::promql
