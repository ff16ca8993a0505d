/**
 * Keeps the addon loadable where libstdc++ is that of GCC 11 (GLIBCXX_3.4.29: RHEL 9, Amazon Linux 2023, glibc 2.34).
 *
 * GCC 12 gave `std::condition_variable::wait` a second version, GLIBCXX_3.4.30, and a build with it refers to that one. Both do
 * the same; the first is in every libstdc++ since GCC 4.4. libstdc++ cannot be linked statically instead: exceptions, strings and
 * locales cross the border to LibTorch, which has the system's.
 */
#include <version>

#if defined(__linux__) && defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE >= 12

extern "C" {

void invseg_first_wait(void* condition, void* lock);
__asm__(".symver invseg_first_wait,_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE@GLIBCXX_3.4.11");

/** What every caller in this library is linked to; nobody outside sees it. */
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is libstdc++'s own
__attribute__((visibility("hidden"))) void _ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(
    void* condition, void* lock) {
  invseg_first_wait(condition, lock);
}
}

#endif
