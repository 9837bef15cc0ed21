// Where exceptions end and begin: DuckDB throws, LumaDB returns Status. Calls into DuckDB go
// through CallDuckDb; callbacks that DuckDB makes into our code report errors with ThrowIfError.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// The code, SQLSTATE and position of what DuckDB reports. A Status that passed through DuckDB as an
// exception (ThrowStatus) comes out as it went in. Messages take PostgreSQL's wording where drivers
// look at it ("relation ... does not exist").
Status StatusFromDuckDb(const duckdb::ErrorData& error);
Status StatusFromDuckDb(const std::exception& error);

// True when `error` says that the instance has shut itself down and must be opened anew.
bool IsInstanceInvalidated(const duckdb::ErrorData& error);

// Throws what DuckDB understands and StatusFromDuckDb gives back. Never an internal or fatal error:
// those would make DuckDB invalidate the whole instance.
[[noreturn]] void ThrowStatus(const Status& status);
inline void ThrowIfError(const Status& status) {
  if (!status.ok()) ThrowStatus(status);
}
template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) ThrowStatus(result.status());
  return std::move(result).value();
}
// The same as a value, for the interfaces of DuckDB that return errors.
duckdb::ErrorData ErrorDataOf(const Status& status);

namespace internal {
template <typename T>
struct BoundaryResult {
  using type = Result<T>;
};
template <>
struct BoundaryResult<void> {
  using type = Status;
};
template <>
struct BoundaryResult<Status> {
  using type = Status;
};
template <typename T>
struct BoundaryResult<Result<T>> {
  using type = Result<T>;
};
}  // namespace internal

// Runs `fn`, which may throw. Returns Result of its value; Status when it returns nothing; and what
// it returns when that is a Status or a Result already.
template <typename Fn>
auto CallDuckDb(Fn&& fn) noexcept ->
    typename internal::BoundaryResult<std::invoke_result_t<Fn>>::type {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Fn>>) {
      std::forward<Fn>(fn)();
      return Status::Ok();
    } else {
      return std::forward<Fn>(fn)();
    }
  } catch (const std::exception& error) {
    return StatusFromDuckDb(error);
  }
}

}  // namespace luma::sql
