// The "U__" form in which UTF-8 label names travel in URL paths.
#pragma once

#include <string>
#include <string_view>

namespace luma::prom {

// "U__a_2e_b__c" is "a.b_c": "_<hex>_" stands for a code point and "__" for an underscore. A text
// that is not in this form is returned as it is.
std::string UnescapeLabelName(std::string_view text);

}  // namespace luma::prom
