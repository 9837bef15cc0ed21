#!/usr/bin/env bash
# Scan, filter and group-by over our storage against a native DuckDB table, same data, same instance.
#   bench/sql_scan.sh [Google Benchmark options]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$root/build/bench/bin/luma_sql_bench" --benchmark_repetitions=7 \
  --benchmark_report_aggregates_only=true --benchmark_counters_tabular=true "$@"
