#include "io/sim_object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"

namespace luma::io {
namespace {

// The kind is given to operations of this sort only.
SimObjectStore::Script Only(ObjectOperation which, ObjectFault fault) {
  return [=](ObjectOperation operation, const std::string&) {
    return operation == which ? fault : ObjectFault{};
  };
}

const ObjectDigest kContent{.size_bytes = 7, .crc32c = Crc32c(AsBytes("content"))};

TEST(SimObjectStoreTest, AnErrorComesBeforeOrAfterTheEffect) {
  SimObjectStore store;
  store.SetScript(Only(ObjectOperation::kPut, {.kind = ObjectFaultKind::kErrorBefore}));
  EXPECT_EQ(store.Put("before", AsBytes("x")).code(), StatusCode::kUnavailable);
  EXPECT_EQ(store.Get("before").status().code(), StatusCode::kNotFound);
  store.SetScript(Only(ObjectOperation::kPut,
                       {.kind = ObjectFaultKind::kErrorAfter, .error = Status::IoError("e")}));
  EXPECT_EQ(store.Put("after", AsBytes("x")).code(), StatusCode::kIoError);
  EXPECT_TRUE(store.Get("after").ok());
}

TEST(SimObjectStoreTest, DamagedUploadsAnswerOkAndVerifyingTells) {
  SimObjectStore store;
  for (const ObjectFaultKind kind :
       {ObjectFaultKind::kWrongBytes, ObjectFaultKind::kCutShort, ObjectFaultKind::kVanish}) {
    store.SetScript(Only(ObjectOperation::kPut, {.kind = kind}));
    EXPECT_TRUE(store.Put("k", AsBytes("content")).ok());
    EXPECT_EQ(VerifyObject(store, "k", kContent).code(), StatusCode::kCorruption);
  }
}

TEST(SimObjectStoreTest, DamagedDownloadsLeaveTheObjectAsItIs) {
  SimObjectStore store;
  ASSERT_TRUE(store.Put("k", AsBytes("content")).ok());
  store.SetScript(Only(ObjectOperation::kGetRange, {.kind = ObjectFaultKind::kWrongBytes}));
  EXPECT_NE(AsText(*store.GetRange("k", 0, 7)), "content");
  store.SetScript(Only(ObjectOperation::kGetRange, {.kind = ObjectFaultKind::kCutShort}));
  EXPECT_EQ(AsText(*store.GetRange("k", 0, 7)), "con");
  store.SetScript({});
  EXPECT_TRUE(VerifyObject(store, "k", kContent).ok());
}

TEST(SimObjectStoreTest, AnObjectCanVanish) {
  SimObjectStore store;
  ASSERT_TRUE(store.Put("k", AsBytes("content")).ok());
  store.SetScript(Only(ObjectOperation::kHead, {.kind = ObjectFaultKind::kVanish}));
  EXPECT_EQ(store.Head("k").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store.Get("k").status().code(), StatusCode::kNotFound);
}

TEST(SimObjectStoreTest, AListLagsBehindTheLastChanges) {
  SimObjectStore store;
  ASSERT_TRUE(store.Put("a", AsBytes("1")).ok());
  ASSERT_TRUE(store.Put("b", AsBytes("1")).ok());
  ASSERT_TRUE(store.Delete("a").ok());
  ASSERT_TRUE(store.Put("b", AsBytes("22")).ok());
  store.SetScript(
      Only(ObjectOperation::kList, {.kind = ObjectFaultKind::kStaleList, .list_lag = 2}));
  const auto stale = store.List("");
  ASSERT_EQ(stale->size(), 2u);
  EXPECT_EQ(stale->at(1).size_bytes, 1u);
  store.SetScript({});
  EXPECT_EQ(store.List("")->size(), 1u);
}

TEST(SimObjectStoreTest, SeededFaultsRepeat) {
  const auto fates = [](uint64_t seed) {
    const auto script = SeededFaults(
        seed, 0.5,
        {ObjectFaultKind::kErrorBefore, ObjectFaultKind::kErrorAfter, ObjectFaultKind::kVanish});
    std::vector<ObjectFaultKind> kinds;
    for (int i = 0; i < 200; ++i) kinds.push_back(script(ObjectOperation::kPut, "k").kind);
    return kinds;
  };
  EXPECT_EQ(fates(1), fates(1));
  EXPECT_NE(fates(1), fates(2));
  const std::vector<ObjectFaultKind> kinds = fates(1);
  EXPECT_THAT(std::count(kinds.begin(), kinds.end(), ObjectFaultKind::kNone),
              testing::AllOf(testing::Gt(70), testing::Lt(130)));
}

}  // namespace
}  // namespace luma::io
