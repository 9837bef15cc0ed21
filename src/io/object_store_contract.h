// The contract of ObjectStore as tests (object_store_contract_test.cc). A test program links them
// and instantiates them for its stores:
//   INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract, testing::Values(&MakeLocalStore));
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/object_store.h"

namespace luma::io {

// Makes an empty store.
using MakeObjectStore = std::unique_ptr<ObjectStore> (*)();

class ObjectStoreContract : public ::testing::TestWithParam<MakeObjectStore> {
 protected:
  void SetUp() override {
    store_ = GetParam()();
    ASSERT_NE(store_, nullptr);
  }

  // A file of `size` bytes in which every byte depends on its place.
  static Bytes MakeFile(FileSystem& fs, const Path& path, size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 2654435761u) >> 13);
    EXPECT_TRUE(WriteFileAtomically(fs, path, bytes).ok());
    return bytes;
  }
  // A store whose answers get lost may not know what became of a put; asked again, it does.
  template <typename Call>
  static StatusCode UntilClear(const Call& call) {
    StatusCode code = StatusCode::kUnavailable;
    for (int i = 0; i < 20 && code == StatusCode::kUnavailable; ++i) code = call();
    return code;
  }
  std::vector<std::string> Keys(const std::string& prefix) {
    std::vector<std::string> keys;
    const auto objects = store_->List(prefix);
    EXPECT_TRUE(objects.ok()) << objects.status();
    if (!objects.ok()) return keys;
    for (const ObjectInfo& object : *objects) keys.push_back(object.key);
    return keys;
  }

  std::unique_ptr<ObjectStore> store_;
};

}  // namespace luma::io
