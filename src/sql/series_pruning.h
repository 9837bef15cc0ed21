// Scans of metrics read only the blocks that have wanted series.
//
// Conditions on labels reach the scan of luma.series (CollectSeriesMatchers), and from there the
// scans that are joined with it by series_id (SeriesPruningExtension): luma.samples and the like,
// unless an operator between the join and the scan has to see rows that the join does not want.
// When a scan begins, the series index gives the ids (ChooseSeries), and blocks and vectors without
// any of them are skipped. That chooses only what is read: every filter and join is computed all
// the same, over fewer rows.
#pragma once

#include <memory>

#include "model/matcher.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_transaction.h"
#include "storage/metrics/series_directory.h"
#include "storage/metrics/series_filter.h"

namespace luma::sql {

// TableFunction::pushdown_complex_filter of the scan. Takes no filter away.
void CollectSeriesMatchers(duckdb::ClientContext& context, duckdb::LogicalGet& get,
                           duckdb::FunctionData* bind_data,
                           duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters);

// To be added to an instance's configuration after it was opened.
duckdb::OptimizerExtension SeriesPruningExtension();

// The series that match, all of them that the statement sees, whatever the index has lost since or
// does not have yet. They are booked as the memory of queries is. Throws, also when the statement
// is interrupted meanwhile.
std::shared_ptr<const storage::SeriesFilter> ChooseSeries(duckdb::ClientContext& context,
                                                          const storage::SeriesDirectory& index,
                                                          const Matchers& matchers,
                                                          storage::MultiTierStorage& engine,
                                                          LumaTransaction& transaction);

}  // namespace luma::sql
