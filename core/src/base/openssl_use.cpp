#include "base/openssl_use.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace costmark {
namespace {

constexpr auto longest_wait = std::chrono::seconds(5);
constexpr std::size_t cache_line = 64;

// The threads that are inside, counted in several places, so that threads do not slow each other
// down.
struct alignas(cache_line) Counter {
  std::atomic<int> threads{0};
};

constinit std::array<Counter, 16> counters{};
constinit std::atomic<bool> has_ended{false};
constinit std::atomic<unsigned> next_counter{0};

struct OfThread {
  unsigned uses = 0;
  Counter* counter = nullptr;
};
constinit thread_local OfThread mine;

int others_inside() noexcept {
  int count = mine.uses > 0 ? -1 : 0;
  for (const Counter& counter : counters) count += counter.threads.load();
  return count;
}

void forget_other_threads() noexcept {
  for (Counter& counter : counters) counter.threads.store(0);
  if (mine.uses > 0) mine.counter->threads.store(1);
}

}  // namespace

// Counts first and looks then, as end() closes first and counts then: one sees the other.
OpensslUse::OpensslUse() noexcept {
  if (mine.uses++ > 0) return;
  if (mine.counter == nullptr) mine.counter = &counters[next_counter++ % counters.size()];
  mine.counter->threads.fetch_add(1);
  allowed_ = !has_ended.load();
  if (allowed_) return;
  mine.counter->threads.fetch_sub(1);
  --mine.uses;
}

OpensslUse::~OpensslUse() {
  if (!allowed_) return;
  if (--mine.uses == 0) mine.counter->threads.fetch_sub(1);
}

Error OpensslUse::refusal() {
  return {Code::internal, "the process is ending, and OpenSSL has been shut down"};
}

void OpensslUse::end() noexcept {
  has_ended.store(true);
  const auto deadline = std::chrono::steady_clock::now() + longest_wait;
  while (others_inside() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

bool OpensslUse::ended() noexcept {
  return has_ended.load();
}

void OpensslUse::watch_forks() noexcept {
  // Without memory for it, a child may wait at its end for threads that it does not have.
  static_cast<void>(pthread_atfork(nullptr, nullptr, &forget_other_threads));
}

}  // namespace costmark
