#!/usr/bin/env bash
# Vector kernels against the memory bandwidth of the machine, and decoding speed: bench/kernels.cc.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$root/build/bench/bin/lumadb_kernels_bench"
