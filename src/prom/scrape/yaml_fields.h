// Reads mappings of a YAML document field by field, as strictly as Prometheus does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "rules/yaml.h"

namespace luma::prom {

using rules::YamlNode;
using FieldReader = std::function<Status(const YamlNode&)>;

struct YamlField {
  std::string_view name;
  FieldReader read;
};

// kInvalidArgument: "line 7: <problem>".
Status YamlError(const YamlNode& node, std::string_view problem);

// Hands the value of every key to its reader; a mapping that is null has no keys. Errors:
// kInvalidArgument for what is no mapping, for a key that is not there ("line 7: field x not found
// in type <type>"), and those of the readers.
Status ReadFields(const YamlNode& node, std::string_view type,
                  std::initializer_list<YamlField> fields);

// Errors: kInvalidArgument for what is no scalar.
Result<std::string> ReadText(const YamlNode& node);

// Readers that set `to`, which outlives them. A null leaves it as it is.
FieldReader Into(std::string& to);
FieldReader Into(bool& to);
FieldReader Into(uint64_t& to);
FieldReader Into(double& to);                     // finite
FieldReader Into(std::chrono::milliseconds& to);  // "1m30s", "0"
FieldReader Into(std::vector<std::string>& to);
FieldReader Into(std::map<std::string, std::string>& to);
FieldReader IntoByteCount(uint64_t& to);  // "10MB", "64KiB", "0": units are powers of 1024

// Reads each item of a list and appends it.
template <typename T>
FieldReader IntoList(std::vector<T>& to, std::function<Result<T>(const YamlNode&)> read) {
  return [&to, read = std::move(read)](const YamlNode& node) -> Status {
    if (node.IsNull()) return Status::Ok();
    if (node.kind != YamlNode::Kind::kSequence) return YamlError(node, "expected a list");
    for (const YamlNode& item : node.items) {
      LUMA_ASSIGN_OR_RETURN(T one, read(item));
      to.push_back(std::move(one));
    }
    return Status::Ok();
  };
}

// For keys that Prometheus has and this server cannot serve: an error that names the key. A value
// that changes nothing (null, false, an empty list) is fine.
FieldReader Refused(std::string_view name);

// For keys whose value plays no part here: their presence adds "line 7: <name> <why>" to
// `warnings`.
FieldReader Ignored(std::string_view name, std::string_view why,
                    std::vector<std::string>& warnings);

}  // namespace luma::prom
