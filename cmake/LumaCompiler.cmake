# Compiler, linker and sanitizer settings. g++ 12 miscompiles coroutines, so clang is required.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "LumaDB builds with clang 19 or newer; found ${CMAKE_CXX_COMPILER_ID} "
                      "${CMAKE_CXX_COMPILER_VERSION}. Use a preset (cmake --preset dev).")
endif()

find_program(LUMA_CCACHE ccache)
if(LUMA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LUMA_CCACHE})
endif()
find_program(LUMA_MOLD mold)
if(LUMA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wthread-safety -Werror
                    -fno-omit-frame-pointer)
# CRC32C and bit counting use SSE4.2 and POPCNT, which every x86-64-v2 processor has.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-march=x86-64-v2)
endif()
add_compile_definitions(SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB
                        BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED)

if(LUMA_SANITIZE)
  list(JOIN LUMA_SANITIZE "," luma_sanitizers)
  add_compile_options(-fsanitize=${luma_sanitizers} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${luma_sanitizers})
  add_compile_definitions(LUMA_SANITIZED)
endif()
if(LUMA_BUILD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
