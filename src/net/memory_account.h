// Where a server books memory. net knows no budget; who starts the server has one.
#pragma once

#include <cstdint>
#include <memory>

namespace luma::net {

// Threads: any. Lifetime: outlives the server and what it handed out.
class MemoryAccount {
 public:
  virtual ~MemoryAccount() = default;
  // Books until the result is gone. Null: there is too little, come again later.
  virtual std::shared_ptr<const void> Take(uint64_t bytes) = 0;
  // The same for what is there already. Never null.
  virtual std::shared_ptr<const void> TakeAlways(uint64_t bytes) = 0;
};

}  // namespace luma::net
