// What a query's conditions on luma.series say about labels, as the series index understands it.
//
//   metric = 'up'                                   __name__="up"
//   luma_label(labels, 'job') IN ('a', 'b')         job=~"a|b"      (a column of metrics.<name>)
//   luma_labels(labels)['job'] LIKE 'node%'         job=~"node.*"   (labels of samples, also ->>)
//   luma_label(labels, 'job') ~ '^n'                job=~".*(?:^n).*"
//   <>, IS NOT NULL, prefix(), suffix(), contains(), IS NOT DISTINCT FROM
#pragma once

#include <optional>
#include <string>

#include "model/matcher.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_table_entry.h"

namespace luma::sql {

// A condition that every series which passes `filter` satisfies; others may satisfy it too, so the
// filter has to be tested all the same. Nullopt when it says nothing about one label, or nothing
// that an index can use. `filter` refers to columns of `series`, a scan of luma.series.
std::optional<Matcher> SeriesMatcherOf(const duckdb::Expression& filter,
                                       const duckdb::LogicalGet& series,
                                       const LumaTableEntry& table);

// The same for equal matchers in the same order, and for no others. Their text is not: it quotes
// nothing, so that both host!="a" and the label "host!" with ="a" read host!="a".
std::string KeyOf(const Matchers& matchers);

}  // namespace luma::sql
