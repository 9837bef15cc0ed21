#include "sql/size_guards.h"

#include <algorithm>

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::LogicalTypeId;
using duckdb::UnifiedVectorFormat;

// The arguments of a call, read row by row whatever their layout. Thread-compatible.
class Arguments {
 public:
  explicit Arguments(DataChunk& chunk) : chunk_(chunk), formats_(chunk.ColumnCount()) {
    for (idx_t i = 0; i < chunk.ColumnCount(); ++i) {
      chunk.data[i].ToUnifiedFormat(chunk.size(), formats_[i]);
    }
  }

  size_t count() const { return formats_.size(); }
  LogicalTypeId TypeOf(idx_t column) const { return chunk_.data[column].GetType().id(); }
  // DuckDB computes a result of constants once for all rows.
  idx_t row_count() const { return chunk_.AllConstant() ? 1 : chunk_.size(); }
  bool HasNull(idx_t row) const {
    return std::ranges::any_of(formats_, [&](const UnifiedVectorFormat& format) {
      return !format.validity.RowIsValid(format.sel->get_index(row));
    });
  }
  template <typename T>
  const T& Get(idx_t column, idx_t row) const {
    const UnifiedVectorFormat& format = formats_[column];
    return UnifiedVectorFormat::GetData<T>(format)[format.sel->get_index(row)];
  }

 private:
  DataChunk& chunk_;
  std::vector<UnifiedVectorFormat> formats_;
};

constexpr double kElementBytes = 16;

// Bytes of the result for one row, roughly; all arguments are not null.
using Measure = double (*)(const Arguments& arguments, idx_t row);

double RepeatBytes(const Arguments& arguments, idx_t row) {
  const auto times = static_cast<double>(arguments.Get<int64_t>(1, row));
  if (arguments.TypeOf(0) == LogicalTypeId::LIST) {
    return times * kElementBytes *
           static_cast<double>(arguments.Get<duckdb::list_entry_t>(0, row).length);
  }
  return times * static_cast<double>(arguments.Get<duckdb::string_t>(0, row).GetSize());
}

double PadBytes(const Arguments& arguments, idx_t row) {
  return static_cast<double>(arguments.Get<int32_t>(1, row));
}

double ResizeBytes(const Arguments& arguments, idx_t row) {
  return kElementBytes * static_cast<double>(arguments.Get<uint64_t>(1, row));
}

double SeriesBytes(double from, double to, double step) {
  return step == 0 ? 0 : kElementBytes * std::max(0.0, (to - from) / step);
}

double IntegersBytes(const Arguments& arguments, idx_t row) {
  const auto get = [&](idx_t column) {
    return static_cast<double>(arguments.Get<int64_t>(column, row));
  };
  if (arguments.count() == 1) return SeriesBytes(0, get(0), 1);
  return SeriesBytes(get(0), get(1), arguments.count() == 2 ? 1 : get(2));
}

double TimesBytes(const Arguments& arguments, idx_t row) {
  const auto& step = arguments.Get<duckdb::interval_t>(2, row);
  const double days = 30.0 * step.months + step.days;
  return SeriesBytes(static_cast<double>(arguments.Get<int64_t>(0, row)),
                     static_cast<double>(arguments.Get<int64_t>(1, row)),
                     days * duckdb::Interval::MICROS_PER_DAY + static_cast<double>(step.micros));
}

double RangeBytes(const Arguments& arguments, idx_t row) {
  return arguments.TypeOf(0) == LogicalTypeId::BIGINT ? IntegersBytes(arguments, row)
                                                      : TimesBytes(arguments, row);
}

struct Guard {
  const char* function;
  Measure measure;
};
constexpr Guard kGuards[] = {{"repeat", RepeatBytes},
                             {"lpad", PadBytes},
                             {"rpad", PadBytes},
                             {"list_resize", ResizeBytes},
                             {"array_resize", ResizeBytes},
                             {"range", RangeBytes},
                             {"generate_series", RangeBytes}};

void Check(DataChunk& chunk, const Guard& guard, double bytes_max) {
  const Arguments arguments(chunk);
  double bytes = 0;
  for (idx_t row = 0; row < arguments.row_count(); ++row) {
    if (!arguments.HasNull(row)) bytes += std::max(0.0, guard.measure(arguments, row));
  }
  if (bytes <= bytes_max) return;
  ThrowStatus(Status::TooLarge("requested length too large: function=", guard.function));
}

duckdb::scalar_function_t Guarded(duckdb::scalar_function_t function, const Guard& guard,
                                  double bytes_max) {
  return [function = std::move(function), &guard, bytes_max](
             DataChunk& arguments, duckdb::ExpressionState& state, duckdb::Vector& result) {
    Check(arguments, guard, bytes_max);
    function(arguments, state, result);
  };
}

}  // namespace

void GuardSizesOfResults(duckdb::DatabaseInstance& database) {
  duckdb::Connection connection(database);
  auto& context = *connection.context;
  auto& catalog = duckdb::Catalog::GetSystemCatalog(context);
  const auto limit =
      static_cast<double>(duckdb::DBConfig::GetConfig(database).options.maximum_memory);
  const double bytes_max = std::min(kGuardedBytesMax, limit * kGuardedShareMax);
  for (const Guard& guard : kGuards) {
    context.RunFunctionInTransaction([&] {
      const auto entry = catalog.GetEntry<duckdb::ScalarFunctionCatalogEntry>(
          context, DEFAULT_SCHEMA, guard.function, duckdb::OnEntryNotFound::RETURN_NULL);
      if (!entry) return;
      duckdb::ScalarFunctionSet functions(guard.function);
      for (duckdb::ScalarFunction function : entry->functions.functions) {
        if (function.function) function.function = Guarded(function.function, guard, bytes_max);
        functions.AddFunction(std::move(function));
      }
      duckdb::CreateScalarFunctionInfo info(std::move(functions));
      info.internal = true;
      info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
      catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
    });
  }
}

}  // namespace luma::sql
