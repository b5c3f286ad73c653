// What tests that fork share.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

// The sanitizers of GCC 12 do not hold the locks of their allocators while a process forks: a child
// that allocates may wait for a thread which it does not have. (Thirty lines that only allocate and
// fork hang once in a few hundred forks.) With ThreadSanitizer that takes a thread which allocates
// without a pause.
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE() \
  GTEST_SKIP() << "the sanitizer's allocator may be locked in a child forked among threads"
#else
#define SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE()
#endif
#ifdef __SANITIZE_THREAD__
#define SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE() \
  GTEST_SKIP() << "the sanitizer's allocator may be locked in a child forked among busy threads"
#else
#define SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE() SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE()
#endif

namespace costmark::testing {

// Runs `work` in a forked child and expects it to return true.
template <class Work>
void expect_good_child(Work work) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);
    _exit(work() ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace costmark::testing
