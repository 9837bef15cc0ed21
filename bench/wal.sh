#!/usr/bin/env bash
# Latency and throughput of commits at 1, 8 and 64 writers in each sync mode, and replay speed.
#   bench/wal.sh [Google Benchmark options]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$root/build/bench/bin/luma_storage_bench" --benchmark_filter='Commit|Replay|Overwrite' --benchmark_repetitions=5 \
  --benchmark_report_aggregates_only=true --benchmark_counters_tabular=true "$@"
