// How many files and sockets the process may have open, and how they are shared out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace luma::server {

// Raises the process's limit as far as it may without privileges. Returns the limit then in force.
uint64_t RaiseOpenFileLimit();

// Connections that one HTTP port may have open: `wanted`, but at most a quarter of the files and,
// at 16 KiB for each, an eighth of the memory. Two ports at their limit leave half of the files to
// the store and to PostgreSQL sessions: a log or segment file that cannot be opened is an error of
// storage.
size_t ConnectionsThatFit(size_t wanted, uint64_t open_file_limit, uint64_t memory_bytes);

}  // namespace luma::server
