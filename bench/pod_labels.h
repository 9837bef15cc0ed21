// Labels of a metric of a pod, as Kubernetes scrapes have them, for the programs of this folder.
#pragma once

#include <string>
#include <vector>

#include "model/labels.h"

namespace luma::bench {

// Lifetime: the texts outlive what it gives.
inline std::vector<LabelRef> PodLabels(const std::string& metric, const std::string& pod,
                                       const std::string& node) {
  return {{"__name__", metric},
          {"cluster", "production"},
          {"container", "application"},
          {"instance", pod},
          {"job", "kubernetes-pods"},
          {"namespace", "default"},
          {"node", node},
          {"pod", pod},
          {"region", "eu-central-1"}};
}

}  // namespace luma::bench
