// Fields of JSON objects, each a key with its value.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "prom/json_writer.h"
#include "prom/number_text.h"

namespace luma::prom {

inline void TextField(std::string_view key, std::string_view text, JsonWriter& json) {
  json.Key(key);
  json.String(text);
}

// As a number of seconds: 0.25.
inline void SecondsField(std::string_view key, std::chrono::nanoseconds duration,
                         JsonWriter& json) {
  std::string text;
  AppendFloat(std::chrono::duration<double>(duration).count(), text);
  json.Key(key);
  json.Raw(text);
}

// A map of texts as an object of its own.
template <typename Map>
void MapField(std::string_view key, const Map& map, JsonWriter& json) {
  json.Key(key);
  json.BeginObject();
  for (const auto& [name, value] : map) TextField(name, value, json);
  json.EndObject();
}

}  // namespace luma::prom
