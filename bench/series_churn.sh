#!/usr/bin/env bash
# A store whose series come and go, with series that retire and without: bench/series_churn.cc.
# Arguments: DAYS SERIES_PER_DAY STEADY_SERIES, 20 100000 100000 without them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for retires in 1 0; do
  folder=$(mktemp -d)
  printf '\nretire: %s\n' "$retires"
  "$root/build/bench/bin/lumadb_series_churn_bench" "$folder" "${1:-20}" "${2:-100000}" "${3:-100000}" "$retires"
  rm -rf "$folder"
done
