#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "costmark/credentials_cache.hpp"
#include "forking.hpp"

namespace costmark {
namespace {

using testing::expect_good_child;

constexpr UnixSeconds hour = 3600;
constexpr UnixSeconds advisory = CredentialsCache::advisory_window_s;
constexpr UnixSeconds mandatory = CredentialsCache::mandatory_window_s;

CredentialsPtr make_credentials(std::optional<UnixSeconds> expiry) {
  return Credentials::create({"AKIDEXAMPLE", "CANARY", "", expiry, "", "test"}).value();
}

// So that refreshes happen at exact times.
UnixSeconds no_jitter(UnixSeconds) {
  return 0;
}

// A provider whose answer is made by the test.
class Source {
 public:
  using Answer = std::function<Result<CredentialsPtr>(UnixSeconds)>;

  explicit Source(Answer answer) : answer_(std::move(answer)) {}

  CredentialsProviderPtr provider() { return std::make_unique<Provider>(*this); }
  int calls() const { return calls_; }
  int most_at_once() const { return most_at_once_; }

 private:
  class Provider final : public CredentialsProvider {
   public:
    explicit Provider(Source& source) : source_(source) {}
    std::string_view name() const noexcept override { return "test"; }
    Result<CredentialsPtr> resolve(UnixSeconds now, const Wait&) override {
      ++source_.calls_;
      const int inside = ++source_.inside_;
      if (inside > source_.most_at_once_) source_.most_at_once_ = inside;
      auto leave = [this](void*) { --source_.inside_; };
      const std::unique_ptr<Source, decltype(leave)> guard(&source_, leave);
      return source_.answer_(now);
    }

   private:
    Source& source_;
  };

  Answer answer_;
  std::atomic<int> calls_{0};
  std::atomic<int> inside_{0};
  std::atomic<int> most_at_once_{0};
};

Source::Answer lives_for(UnixSeconds lifetime) {
  return [lifetime](UnixSeconds now) { return make_credentials(now + lifetime); };
}

TEST(CredentialsCache, NeverRefreshesWhatNeverExpires) {
  Source source([](UnixSeconds) { return make_credentials(std::nullopt); });
  CredentialsCache cache(source.provider());
  const auto first = cache.get(0).value();
  EXPECT_EQ(cache.get(1'000'000'000'000).value(), first);
  EXPECT_EQ(source.calls(), 1);
}

// A provider that says itself whether it has changed.
class Changing final : public CredentialsProvider {
 public:
  struct State {
    std::atomic<bool> changed{false};
    std::atomic<bool> broken{false};
    std::atomic<int> looks{0};
    std::atomic<int> reads{0};
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
  };
  explicit Changing(State& state) : state_(state) {}
  std::string_view name() const noexcept override { return "changing"; }
  Result<CredentialsPtr> resolve(UnixSeconds, const Wait&) override {
    enter();
    ++state_.reads;
    if (state_.broken) return Error{Code::unusable_credentials, "broken"};
    state_.changed = false;
    return make_credentials(std::nullopt);
  }
  bool changed() const noexcept override {
    enter();
    ++state_.looks;
    return state_.changed;
  }

 private:
  void enter() const noexcept {
    if (++state_.inside > 1) state_.overlapped = true;
    std::this_thread::yield();
    --state_.inside;
  }
  State& state_;
};

TEST(CredentialsCache, LooksForChangesOnceASecond) {
  Changing::State state;
  CredentialsCache cache(std::make_unique<Changing>(state));
  const auto first = cache.get(10).value();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cache.get(10).value(), first);
  EXPECT_EQ(state.looks, 0);  // what was just read is new
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cache.get(11).value(), first);
  EXPECT_EQ(state.looks, 1);
  EXPECT_EQ(cache.get(5).value(), first);  // the clock was set back
  EXPECT_EQ(state.looks, 2);
  EXPECT_EQ(state.reads, 1);
  state.changed = true;
  EXPECT_NE(cache.get(6).value(), first);
  EXPECT_EQ(state.reads, 2);
}

TEST(CredentialsCache, AChangeThatCannotBeReadServesOnAndPauses) {
  Changing::State state;
  int told = 0;
  CredentialsCache cache(std::make_unique<Changing>(state), [&](const Error&) { ++told; });
  const auto first = cache.get(0).value();
  state.changed = true;
  state.broken = true;
  for (UnixSeconds now = 1; now < 31; ++now) EXPECT_EQ(cache.get(now).value(), first);
  EXPECT_EQ(state.reads, 2);
  EXPECT_EQ(told, 1);
  state.broken = false;
  EXPECT_NE(cache.get(31).value(), first);
}

TEST(CredentialsCache, ManyThreadsLookOnce) {
  Changing::State state;
  CredentialsCache cache(std::make_unique<Changing>(state));
  std::atomic<UnixSeconds> clock{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 2000; ++n) {
        const UnixSeconds now = i == 0 ? clock = n / 20 : clock.load();
        if (i == 1 && n % 200 == 0) state.changed = true;
        EXPECT_TRUE(cache.get(now).ok());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(state.overlapped);
  EXPECT_GT(state.looks, 0);
}

TEST(CredentialsCache, RefreshesInTheAdvisoryWindow) {
  Source source(lives_for(hour));
  CredentialsCache cache(source.provider(), {}, no_jitter);
  const auto first = cache.get(0).value();
  EXPECT_EQ(cache.get(hour - advisory - 1).value(), first);
  EXPECT_EQ(source.calls(), 1);
  const auto second = cache.get(hour - advisory).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(source.calls(), 2);
  EXPECT_EQ(cache.get(hour).value(), second);
  EXPECT_EQ(source.calls(), 2);
}

TEST(CredentialsCache, ShortLivesAreNotRefreshedOnEveryCall) {
  Source source(lives_for(300));  // shorter than the window
  CredentialsCache cache(source.provider(), {}, no_jitter);
  for (UnixSeconds now = 0; now < 150; ++now) ASSERT_TRUE(cache.get(now).ok());
  EXPECT_EQ(source.calls(), 1);
  ASSERT_TRUE(cache.get(150).ok());
  EXPECT_EQ(source.calls(), 2);
}

TEST(CredentialsCache, AFailedRefreshServesOnAndPauses) {
  bool down = false;
  Source source([&](UnixSeconds now) -> Result<CredentialsPtr> {
    if (down) return Error{Code::transport, "source is down"};
    return make_credentials(now + hour);
  });
  std::vector<std::string> told;
  CredentialsCache cache(
      source.provider(), [&](const Error& error) { told.push_back(error.message); }, no_jitter);
  const auto first = cache.get(0).value();
  down = true;

  const UnixSeconds due = hour - advisory;
  EXPECT_EQ(cache.get(due).value(), first);
  EXPECT_EQ(cache.get(due + 29).value(), first);
  EXPECT_EQ(source.calls(), 2);
  EXPECT_EQ(cache.get(due + 30).value(), first);
  EXPECT_EQ(source.calls(), 3);

  const UnixSeconds near = hour - mandatory;
  EXPECT_EQ(cache.get(near).value(), first);
  EXPECT_EQ(cache.get(near + 4).value(), first);
  EXPECT_EQ(source.calls(), 4);
  EXPECT_EQ(cache.get(near + 5).value(), first);
  EXPECT_EQ(source.calls(), 5);
  EXPECT_EQ(told, std::vector<std::string>(4, "source is down"));

  EXPECT_EQ(cache.get(hour - 1).value(), first);
  const auto gone = cache.get(hour);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::transport);
  EXPECT_EQ(told.size(), 5U);  // the last one was returned, not told

  down = false;
  EXPECT_TRUE(cache.get(hour).ok());  // no pause when nothing valid is left
}

TEST(CredentialsCache, ExpiredOnArrivalIsAnError) {
  Source source([](UnixSeconds) { return make_credentials(1735787045); });
  CredentialsCache cache(source.provider());
  const auto result = cache.get(1735787045);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::expired_credentials);
  EXPECT_EQ(result.error().message, "credentials from test expired at 2025-01-02T03:04:05Z");
  EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos);
}

TEST(CredentialsCache, ARefreshToExpiredOnesKeepsTheOld) {
  bool stale = false;
  Source source([&](UnixSeconds now) { return make_credentials(stale ? now - 1 : now + hour); });
  CredentialsCache cache(source.provider());
  const auto first = cache.get(0).value();
  stale = true;
  EXPECT_EQ(cache.get(hour - 1).value(), first);
  EXPECT_EQ(cache.get(hour).error().code, Code::expired_credentials);
}

// A source with the keys that the test gives it.
Source::Answer keys(const std::string& name) {
  return [&name](UnixSeconds now) {
    return Credentials::create({name, "CANARY", "", now + hour, "", "test"}).value();
  };
}

TEST(CredentialsCache, ARefusedSetIsReplaced) {
  std::string name = "one";
  Source source(keys(name));
  CredentialsCache cache(source.provider());
  const auto first = cache.get(0).value();
  EXPECT_TRUE(cache.invalidate(nullptr, 0));
  EXPECT_TRUE(cache.invalidate(make_credentials(hour), 0));  // somebody else's
  EXPECT_EQ(cache.get(0).value(), first);
  name = "two";
  EXPECT_TRUE(cache.invalidate(first, 0));
  const auto second = cache.get(0).value();
  EXPECT_EQ(second->access_key_id(), "two");
  EXPECT_TRUE(cache.invalidate(first, 0));  // late news about the old ones
  EXPECT_EQ(cache.get(0).value(), second);
  EXPECT_EQ(source.calls(), 2);
  name = "three";
  EXPECT_FALSE(cache.invalidate(second, 0));  // not twice in a second
  EXPECT_EQ(cache.get(0).value(), second);
  EXPECT_EQ(cache.get(1).value()->access_key_id(), "three");
  EXPECT_EQ(source.calls(), 3);
}

TEST(CredentialsCache, AStormOfRefusalsIsNoStormOfRefreshes) {
  std::string name = "one";
  Source source(keys(name));
  CredentialsCache cache(source.provider());
  int advised = 0;
  for (UnixSeconds now = 0; now < 60; ++now) {
    for (int i = 0; i < 100; ++i) {
      const auto given = cache.get(now);
      ASSERT_TRUE(given.ok());
      advised += cache.invalidate(given.value(), now) ? 1 : 0;
    }
  }
  EXPECT_EQ(source.calls(), 1 + 60 / CredentialsCache::refusal_pause_s);
  EXPECT_EQ(advised, 1);  // the later ones are followed up by whoever comes after the pause
}

TEST(CredentialsCache, ARefusedSetServesOnWhenItsSourceHasNothingBetter) {
  bool down = false;
  Source source([&](UnixSeconds now) -> Result<CredentialsPtr> {
    if (down) return Error{Code::transport, "source is down"};
    return make_credentials(now + 60);
  });
  int told = 0;
  CredentialsCache cache(source.provider(), [&](const Error&) { ++told; });
  const auto first = cache.get(0).value();
  down = true;
  EXPECT_TRUE(cache.invalidate(first, 1));
  EXPECT_EQ(cache.get(1).value(), first);
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(cache.invalidate(first, 2));
  EXPECT_EQ(cache.get(2).value(), first);
  EXPECT_EQ(source.calls(), 2);
  EXPECT_EQ(cache.get(60).error().code, Code::transport);  // it ends all the same
  down = false;
  EXPECT_TRUE(cache.get(60).ok());
}

TEST(CredentialsCache, AClockSetBackDoesNotPutARefusalOff) {
  std::string name = "one";
  Source source(keys(name));
  CredentialsCache cache(source.provider());
  EXPECT_TRUE(cache.invalidate(cache.get(1000).value(), 1000));
  const auto second = cache.get(1000).value();
  EXPECT_FALSE(cache.invalidate(second, 1000));
  EXPECT_TRUE(cache.invalidate(second, 10));
  EXPECT_NE(cache.get(10).value(), second);
}

TEST(CredentialsCache, JitterSpreadsRefreshesBetweenTheWindows) {
  for (const UnixSeconds jitter : {0, 1, 299, 300}) {
    UnixSeconds asked = -1;
    Source source(lives_for(hour));
    CredentialsCache cache(source.provider(), {}, [&](UnixSeconds most) {
      asked = most;
      return jitter;
    });
    const auto first = cache.get(0).value();
    EXPECT_EQ(asked, advisory - mandatory);
    EXPECT_EQ(cache.get(hour - advisory + jitter - 1).value(), first);
    EXPECT_NE(cache.get(hour - advisory + jitter).value(), first);
  }
}

TEST(CredentialsCache, JitterStaysInItsBounds) {
  for (const UnixSeconds jitter : {-1'000'000, 1'000'000}) {
    for (const UnixSeconds life : {1, 2, 3, 5, 60, 1800, 100'000}) {
      Source source(lives_for(life));
      CredentialsCache cache(source.provider(), {}, [&](UnixSeconds) { return jitter; });
      const auto first = cache.get(0).value();
      const UnixSeconds margin = std::min(advisory, life / 2);
      const UnixSeconds due = life - margin + (jitter > 0 ? margin / 3 : 0);
      if (due > 1) {
        EXPECT_EQ(cache.get(due - 1).value(), first) << life;
      }
      EXPECT_NE(cache.get(due).value(), first) << life;
    }
  }
}

TEST(CredentialsCache, TheSystemsJitterDiffersBetweenCaches) {
  std::set<UnixSeconds> due;
  for (int i = 0; i < 40; ++i) {
    Source source(lives_for(hour));
    CredentialsCache cache(source.provider());
    const auto first = cache.get(0).value();
    UnixSeconds now = hour - advisory;
    while (cache.get(now).value() == first) ++now;
    EXPECT_LE(now, hour - mandatory);
    due.insert(now);
  }
  EXPECT_GT(due.size(), 10U);
}

TEST(CredentialsCache, WithoutProviderOrAnswer) {
  EXPECT_EQ(CredentialsCache(nullptr).get(0).error().code, Code::no_credentials);
  Source source([](UnixSeconds) { return CredentialsPtr(); });
  EXPECT_EQ(CredentialsCache(source.provider()).get(0).error().code, Code::internal);
}

TEST(CredentialsCache, AnExceptionOfTheHostLeavesItUsable) {
  bool throws = true;
  Source source([&](UnixSeconds now) -> Result<CredentialsPtr> {
    if (throws) throw std::runtime_error("host");
    return make_credentials(now + hour);
  });
  CredentialsCache cache(source.provider());
  EXPECT_THROW((void)cache.get(0), std::runtime_error);
  throws = false;
  EXPECT_TRUE(cache.get(0).ok());
}

TEST(CredentialsCache, AProviderThatAsksTheCacheItselfGetsAnError) {
  CredentialsCache* asked = nullptr;
  Source source([&](UnixSeconds now) -> Result<CredentialsPtr> {
    const auto inner = asked->get(now);
    EXPECT_EQ(inner.error().code, Code::no_credentials);
    EXPECT_NE(inner.error().message.find("must not call through the client"), std::string::npos);
    return make_credentials(now + hour);
  });
  CredentialsCache cache(source.provider());
  asked = &cache;
  EXPECT_TRUE(cache.get(0).ok());
  EXPECT_EQ(source.calls(), 1);
}

// Runs `work` on `count` threads.
template <class Work>
void on_threads(int count, Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
}

TEST(CredentialsCache, SixteenThreadsOneFlight) {
  Source source([](UnixSeconds now) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return make_credentials(now + hour);
  });
  CredentialsCache cache(source.provider());
  on_threads(16, [&] { EXPECT_TRUE(cache.get(0).ok()); });
  EXPECT_EQ(source.calls(), 1);
  EXPECT_EQ(source.most_at_once(), 1);
}

TEST(CredentialsCache, AllWhoWaitedShareTheError) {
  std::promise<void> release;
  auto released = release.get_future().share();
  Source source([&](UnixSeconds) -> Result<CredentialsPtr> {
    released.wait();
    return Error{Code::transport, "source is down"};
  });
  CredentialsCache cache(source.provider());
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto result = cache.get(0);
      if (!result.ok() && result.error().code == Code::transport) ++failed;
    });
  }
  while (source.calls() == 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // time for the others to queue up
  release.set_value();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 16);
  EXPECT_LT(source.calls(), 16);
  EXPECT_EQ(source.most_at_once(), 1);
}

// The refresh is held until every other thread has been served: a thread that waited for it would
// never come back.
TEST(CredentialsCache, NobodyWaitsWhileValidOnesAreThere) {
  std::promise<void> release;
  auto released = release.get_future().share();
  bool first = true;
  Source source([&](UnixSeconds now) {
    if (!std::exchange(first, false)) released.wait();
    return make_credentials(now + hour);
  });
  CredentialsCache cache(source.provider());
  const auto old = cache.get(0).value();

  std::thread refresher([&] { EXPECT_NE(cache.get(hour - 1).value(), old); });
  while (source.calls() < 2) std::this_thread::yield();
  on_threads(15, [&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(cache.get(hour - 1).value(), old);
  });
  EXPECT_EQ(source.calls(), 2);
  release.set_value();
  refresher.join();
  EXPECT_NE(cache.get(hour - 1).value(), old);
  EXPECT_EQ(source.calls(), 2);
}

TEST(CredentialsCache, ThreadsWithARunningClock) {
  std::atomic<UnixSeconds> clock{0};
  Source source(lives_for(60));
  CredentialsCache cache(source.provider());
  on_threads(8, [&] {
    for (int i = 0; i < 2000; ++i) {
      const auto now = ++clock / 16;
      const auto result = cache.get(now);
      ASSERT_TRUE(result.ok());
      if (i % 97 == 0) (void)cache.invalidate(result.value(), now);
    }
  });
  EXPECT_EQ(source.most_at_once(), 1);
}

// A child that was forked in the middle of a refresh has no thread that would end it.
TEST(CredentialsCache, AForkedChildDoesNotWaitForTheParentsThread) {
  std::promise<void> release;
  auto released = release.get_future().share();
  const pid_t parent = getpid();
  Source source([&](UnixSeconds now) {
    if (getpid() == parent) released.wait();
    return make_credentials(now + hour);
  });
  CredentialsCache cache(source.provider());
  std::thread refresher([&] { EXPECT_TRUE(cache.get(0).ok()); });
  while (source.calls() == 0) std::this_thread::yield();

  expect_good_child([&] { return cache.get(0).ok(); });
  release.set_value();
  refresher.join();
}

// Threads that wait for the refresh are not in the child either.
TEST(CredentialsCache, AForkedChildHasNoneOfTheParentsWaiters) {
  std::promise<void> release;
  auto released = release.get_future().share();
  const pid_t parent = getpid();
  Source source([&](UnixSeconds now) {
    if (getpid() == parent) released.wait();
    return make_credentials(now + 10);
  });
  CredentialsCache cache(source.provider());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_TRUE(cache.get(0).ok()); });
  while (source.calls() == 0) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time for the others to queue up
  expect_good_child([&] {
    bool good = true;
    for (UnixSeconds now = 0; now < 100; now += 10) good = good && cache.get(now).ok();
    return good;
  });
  release.set_value();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(source.calls(), 1);
}

TEST(CredentialsCache, ForksAmongBusyThreads) {
  SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE();
  std::atomic<UnixSeconds> clock{0};
  std::atomic<bool> done{false};
  Source source(lives_for(2));
  CredentialsCache cache(source.provider());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!done) EXPECT_TRUE(cache.get(++clock / 8).ok());
    });
  }
  for (int i = 0; i < 30; ++i) {
    expect_good_child([&] {
      const UnixSeconds now = clock / 8;
      return cache.get(now).ok() && cache.get(now + 10).ok();
    });
  }
  done = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace costmark
