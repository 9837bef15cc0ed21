// A configuration shown to people: without its secrets.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/yaml.h"

namespace luma::prom {

// The document as text again, without secrets: "<secret>" for the values of keys that hold one, and
// "xxxxx" for passwords in URLs. In sections of the top level whose keys nobody here reads, every
// key whose name suggests a secret is taken for one.
std::string YamlTextWithoutSecrets(const rules::YamlNode& document,
                                   std::span<const std::string_view> unread_sections = {});

}  // namespace luma::prom
