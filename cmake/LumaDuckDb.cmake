# Imports DuckDB 1.4.4 as target luma::duckdb: the prebuilt shared library and the headers of exactly
# the same version (its C++ ABI has no promise across versions, not even patch releases).
# -DLUMA_DUCKDB_ROOT=DIR points at another copy laid out as DIR/libduckdb.so and DIR/include, with
# the headers of DuckDB's Parquet extension and of what they include in DIR/include, too.
set(luma_duckdb_library "${LUMA_DUCKDB_ROOT}/@duckdb/node-bindings-linux-x64/libduckdb.so")
set(luma_duckdb_source "${LUMA_DUCKDB_ROOT}/duckdb/src/duckdb")
set(luma_duckdb_include "${luma_duckdb_source}/src/include")
# For the few files that include parquet_reader.hpp and the like, see src/sql.
set(LUMA_DUCKDB_PARQUET_INCLUDES
  "${luma_duckdb_source}/extension/parquet/include"
  "${luma_duckdb_source}/third_party/parquet"
  "${luma_duckdb_source}/third_party/thrift"
  "${luma_duckdb_source}/third_party/fastpforlib")
if(EXISTS "${LUMA_DUCKDB_ROOT}/libduckdb.so")
  set(luma_duckdb_library "${LUMA_DUCKDB_ROOT}/libduckdb.so")
  set(luma_duckdb_include "${LUMA_DUCKDB_ROOT}/include")
  set(LUMA_DUCKDB_PARQUET_INCLUDES "${luma_duckdb_include}")
endif()
if(NOT EXISTS "${luma_duckdb_library}" OR NOT EXISTS "${luma_duckdb_include}/duckdb.hpp")
  message(FATAL_ERROR "DuckDB not found under ${LUMA_DUCKDB_ROOT}: run ./luma deps "
                      "or set LUMA_DUCKDB_ROOT")
endif()
add_library(luma::duckdb SHARED IMPORTED GLOBAL)
set_target_properties(luma::duckdb PROPERTIES
  IMPORTED_LOCATION "${luma_duckdb_library}"
  INTERFACE_INCLUDE_DIRECTORIES "${luma_duckdb_include}"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${luma_duckdb_include}")
set(LUMA_DUCKDB_LIBRARY "${luma_duckdb_library}")
