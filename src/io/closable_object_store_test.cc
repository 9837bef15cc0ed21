#include "io/closable_object_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/object_store_contract.h"
#include "io/sim_object_store.h"

namespace luma::io {
namespace {

std::unique_ptr<ObjectStore> MakeClosableStore() {
  return std::make_unique<ClosableObjectStore>(std::make_shared<SimObjectStore>());
}
INSTANTIATE_TEST_SUITE_P(Closable, ObjectStoreContract, testing::Values(&MakeClosableStore));

TEST(ClosableObjectStoreTest, CloseEndsCallsUnderWayAndRefusesLaterOnes) {
  const auto inner = std::make_shared<SimObjectStore>();
  ClosableObjectStore store(inner);
  std::atomic<bool> is_called = false;
  inner->SetScript([&](ObjectOperation, const std::string&) {
    is_called = true;
    return ObjectFault{.kind = ObjectFaultKind::kStuck};
  });
  std::thread caller([&] { EXPECT_EQ(store.Get("k").status().code(), StatusCode::kCancelled); });
  while (!is_called) std::this_thread::yield();
  store.Close();
  caller.join();
  inner->SetScript({});
  EXPECT_EQ(store.Put("k", {}).code(), StatusCode::kCancelled);
  EXPECT_TRUE(inner->Put("k", {}).ok()) << "others may go on";
}

}  // namespace
}  // namespace luma::io
