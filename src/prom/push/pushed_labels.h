// Labels that a request gives to everything it pushes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "net/url.h"

namespace luma::prom {

// Of the parameters and of the path each: every line of a request is searched for all of them.
constexpr size_t kPushedLabelsMax = 64;

using PushedLabels = std::vector<std::pair<std::string, std::string>>;

// Those of the parameters extra_label=name=value. Errors: kInvalidArgument.
Result<PushedLabels> ExtraLabels(const net::FormFields& parameters);

// What follows ".../metrics/job/" in a path as a Pushgateway has it: <job>/<name>/<value>/... A
// name that ends with "@base64" has its value in base64url, since a value cannot hold "/", and "="
// stands for an empty one; `job_is_base64` says so of the job. Errors: kInvalidArgument, also for a
// name without a value.
Result<PushedLabels> GroupingLabels(std::string_view path, bool job_is_base64);

// `from` replace labels of the same name. Lifetime: `labels` point into `from` then.
void Replace(const PushedLabels& from, std::vector<LabelRef>& labels);

}  // namespace luma::prom
