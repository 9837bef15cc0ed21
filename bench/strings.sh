#!/usr/bin/env bash
# Codecs of strings, size and speed: bench/strings.cc. Arguments: files whose lines are measured as well.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$root/build/bench/bin/lumadb_strings_bench" "$@"
