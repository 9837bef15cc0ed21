// Text to tree.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "rules/internal/template_tree.h"

namespace luma::rules {

// Errors: as Template::Parse.
Result<std::shared_ptr<const TemplateBlock>> ParseTemplate(std::string_view text);

}  // namespace luma::rules
