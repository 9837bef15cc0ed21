// How well a text fits what somebody has typed so far, from 0 (not at all) to 1. The measures are
// those of Prometheus' search API, so that clients rank alike; characters are code points.
#pragma once

#include <string>
#include <string_view>

namespace luma::prom {

// Of text that is valid UTF-8.
std::u32string CodePoints(std::string_view text);

// The characters of `pattern` in order somewhere in `text`: runs of neighbours count by the square
// of their length, gaps and what is before the first cost their share of the text, what is after
// the last half of that. The best of all first characters counts; only equal texts give 1.
double SubsequenceScore(std::u32string_view pattern, std::u32string_view text);

// 1 at the beginning, falling to 0.1 for the last place the pattern fits in; 0 when it is not
// there. Of UTF-8, in time that grows with the two lengths, not with their product.
double SubstringScore(std::string_view pattern, std::string_view text);

// The Jaro similarity, raised for a common beginning of up to four characters as Winkler did. Takes
// time with the product of the lengths.
double JaroWinklerScore(std::u32string_view a, std::u32string_view b);

}  // namespace luma::prom
