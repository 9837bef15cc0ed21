// Tags of fields by their type, and what the decoders of messages share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/protobuf_reader.h"

namespace luma::prom {

constexpr uint32_t VarintField(uint32_t field) {
  return ProtobufReader::Tag(field, ProtobufReader::kVarint);
}
constexpr uint32_t DoubleField(uint32_t field) {
  return ProtobufReader::Tag(field, ProtobufReader::kFixed64);
}
constexpr uint32_t BytesField(uint32_t field) {  // texts, messages, packed lists
  return ProtobufReader::Tag(field, ProtobufReader::kBytes);
}

constexpr int64_t FromZigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

template <typename T>
size_t AllocatedBytes(const std::vector<T>& values) {
  return values.capacity() * sizeof(T);
}

}  // namespace luma::prom
