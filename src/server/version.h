// The version of this build.
#pragma once

#include <string_view>

namespace luma::server {

inline constexpr std::string_view kVersion = LUMA_VERSION;  // set by CMake from project(VERSION)

}  // namespace luma::server
