// Checks of invariants: a broken one is a defect in LumaDB, never bad input, and ends the process.
#pragma once

namespace luma {

[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);

}  // namespace luma

#define LUMA_CHECK(expression) \
  (__builtin_expect(static_cast<bool>(expression), 1) \
       ? static_cast<void>(0)                         \
       : ::luma::CheckFailed(#expression, __FILE__, __LINE__))

// For hot loops: checked in debug builds only.
#ifdef NDEBUG
#define LUMA_DCHECK(expression) static_cast<void>(sizeof(!(expression)))
#else
#define LUMA_DCHECK(expression) LUMA_CHECK(expression)
#endif
