// Which verifications are kept, and who waits for them.
#include <unistd.h>

#include <future>
#include <thread>

#include "core/forking.hpp"
#include "verify_script.hpp"

namespace costmark::testing {
namespace {

TEST(VerifyCache, AProofIsKeptAndCanBeForced) {
  VerifyCase test(strict);
  const Verification first = test.verify();
  test.now += 1000;
  EXPECT_EQ(test.verify().checked_at, first.checked_at);
  EXPECT_EQ(test.endpoint->sent().size(), 2U);
  VerifyRequest forced;
  forced.force = true;
  EXPECT_EQ(test.verify(forced).checked_at, first.checked_at + 1000);
  EXPECT_EQ(test.endpoint->sent().size(), 4U);
  VerifyRequest other;
  other.project = "proj_b";
  EXPECT_EQ(test.verify(other).project, "proj_b");
  EXPECT_EQ(test.endpoint->sent().size(), 6U);
}

TEST(VerifyCache, WhatIsNotKnownIsTriedAnew) {
  std::atomic<bool> down{true};
  const VerifyCase test(
      [&down](const Sent& sent) { return down ? answer_of(503, "") : strict(sent); });
  EXPECT_EQ(test.verify().verdict, Verdict::unknown);
  down = false;
  EXPECT_EQ(test.verify().verdict, Verdict::honored);
}

TEST(VerifyCache, ThreadsShareOneAnswer) {
  for (const bool known : {true, false}) {
    std::atomic<int> arrived{0};
    const VerifyCase test([&](const Sent& sent) {
      while (arrived < 8) std::this_thread::yield();  // until all of them have asked
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return known ? strict(sent) : answer_of(503, "");
    });
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        ++arrived;
        const Verification found = test.verify();
        EXPECT_EQ(found.verdict, known ? Verdict::honored : Verdict::unknown);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(test.endpoint->sent().size(), known ? 2U : 1U);
  }
}

// A child that was forked in the middle of a verification has no thread that would end it.
TEST(VerifyCache, AForkedChildDoesNotWaitForItsParentsThreads) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<bool> asked{false};
  const pid_t parent = getpid();
  const VerifyCase test([&](const Sent& sent) {
    asked = true;
    if (getpid() == parent) released.wait();
    return strict(sent);
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(test.verify().verdict, Verdict::honored); });
  }
  while (!asked) std::this_thread::yield();
  expect_good_child([&] { return test.verify().verdict == Verdict::honored; });
  release.set_value();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(test.endpoint->sent().size(), 2U);
}

}  // namespace
}  // namespace costmark::testing
