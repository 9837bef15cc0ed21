// When the log acknowledges a record: the key wal.sync of the configuration.
#pragma once

#include <cstdint>

namespace luma::storage {

enum class WalSync : uint8_t {
  kAlways,    // on disk (fdatasync returned)
  kInterval,  // handed to the kernel: survives kill -9; a power cut may lose the records of the
              // last sync interval plus the duration of one fdatasync
  kOff,       // as kInterval without a bound: synced only at file changes, Sync() and Close()
};

}  // namespace luma::storage
