#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "costmark/bearer_token.hpp"
#include "costmark/bearer_token_cache.hpp"

namespace costmark {
namespace {

constexpr UnixSeconds fixture_time = 1735787045;  // 2025-01-02T03:04:05Z
constexpr UnixSeconds hour = 3600;
constexpr UnixSeconds half_a_day = max_bearer_token_life_s;
constexpr UnixSeconds window = BearerTokenCache::renewal_window_s;

CredentialsPtr make_credentials(std::optional<UnixSeconds> expiry = std::nullopt,
                                std::string token = "") {
  return Credentials::create({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                              std::move(token), expiry, "", "test"})
      .value();
}

// Made by aws-bedrock-token-generator 1.1.0 at 2025-01-02T03:04:05Z.
TEST(BearerToken, OfTheTokenGenerator) {
  const auto plain = mint_bearer_token(*make_credentials(), "us-east-1", 43200, fixture_time);
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain.value()->text(),
            "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tl"
            "biZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFN"
            "UExFJTJGMjAyNTAxMDIlMkZ1cy1lYXN0LTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURh"
            "dGU9MjAyNTAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTQzMjAwJlgtQW16LVNpZ25lZEhlYWRlcnM9"
            "aG9zdCZYLUFtei1TaWduYXR1cmU9ZTQ2Y2Q1ZGQ3MDA1ZDZmNDFlZGFkYTlhODNlMzQyY2I5NmE5NTA5"
            "ZTgzZTM0YmI5NmUyOTQxZjk1ZTY5NzUzYSZWZXJzaW9uPTE=");
  EXPECT_EQ(plain.value()->expires_at(), fixture_time + 43200);

  const auto temporary = mint_bearer_token(*make_credentials(std::nullopt, "IQoJb3JpZ2luX2VjE/+="),
                                           "eu-central-1", 60, fixture_time);
  ASSERT_TRUE(temporary.ok()) << temporary.error().message;
  EXPECT_EQ(temporary.value()->text(),
            "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tl"
            "biZYLUFtei1BbGdvcml0aG09QVdTNC1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFN"
            "UExFJTJGMjAyNTAxMDIlMkZldS1jZW50cmFsLTElMkZiZWRyb2NrJTJGYXdzNF9yZXF1ZXN0JlgtQW16"
            "LURhdGU9MjAyNTAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTYwJlgtQW16LVNpZ25lZEhlYWRlcnM9"
            "aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj1JUW9KYjNKcFoybHVYMlZqRSUyRiUyQiUzRCZYLUFtei1T"
            "aWduYXR1cmU9MjI1NmQzYjFlYjY5NWU1MzVkMmRlYWYzN2M4YzdhMjViODgzMmJmMDU5YmY3NzQ3NWE1"
            "ZTQ3OTdiOTNiMTgzZiZWZXJzaW9uPTE=");
  EXPECT_EQ(temporary.value()->expires_at(), fixture_time + 60);
}

TEST(BearerToken, EndsWithItsCredentials) {
  const auto soon = make_credentials(fixture_time + 100);
  const auto text = mint_bearer_token(*make_credentials(), "us-east-1", 3600, fixture_time);
  const auto token = mint_bearer_token(*soon, "us-east-1", 3600, fixture_time);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token.value()->expires_at(), fixture_time + 100);
  EXPECT_EQ(token.value()->text(), text.value()->text());  // which says what was asked for
  EXPECT_FALSE(token.value()->expired(fixture_time + 99));
  EXPECT_TRUE(token.value()->expired(fixture_time + 100));
  EXPECT_EQ(mint_bearer_token(*soon, "us-east-1", 99, fixture_time).value()->expires_at(),
            fixture_time + 99);
}

TEST(BearerToken, Refuses) {
  const auto credentials = make_credentials(fixture_time + 1, "CANARY");
  const struct {
    std::string_view region;
    std::int64_t expires_in_s;
    UnixSeconds now;
    Code code;
    std::string_view message;
  } cases[] = {
      {"us-east-1", 0, 0, Code::invalid_argument, "a bearer token lives 1 to 43200 seconds, not 0"},
      {"us-east-1", 43201, 0, Code::invalid_argument,
       "a bearer token lives 1 to 43200 seconds, not 43201"},
      {"us-east-1", INT64_MIN, 0, Code::invalid_argument,
       "a bearer token lives 1 to 43200 seconds, not -9223372036854775808"},
      {"", 60, 0, Code::invalid_argument, "the region to sign for is empty"},
      {"us east", 60, 0, Code::invalid_argument,
       "the region to sign for may hold ASCII letters, digits, '-', '_' and '.' only"},
      {"us-east-1", 60, -1, Code::invalid_argument, "the time to sign at is outside 1970 to 9999"},
      {"us-east-1", 60, fixture_time + 1, Code::expired_credentials,
       "the credentials from test expired at 2025-01-02T03:04:06Z"},
  };
  for (const auto& each : cases) {
    const auto token = mint_bearer_token(*credentials, each.region, each.expires_in_s, each.now);
    ASSERT_FALSE(token.ok()) << each.message;
    EXPECT_EQ(token.error().code, each.code);
    EXPECT_EQ(token.error().message, each.message);
  }
}

// Credentials whose answer is made by the test.
class Source {
 public:
  using Answer = std::function<Result<CredentialsPtr>()>;

  explicit Source(Answer answer) : answer_(std::move(answer)) {}

  std::unique_ptr<BearerTokenCache> cache(std::int64_t expires_in_s = half_a_day) {
    BearerTokenConfig config;
    config.region = "us-east-1";
    config.expires_in_s = expires_in_s;
    config.credentials = callback_credentials([this] {
      ++calls_;
      return answer_();
    });
    config.on_refresh_failure = [this](const Error& error) { told.push_back(error.message); };
    config.jitter = [](UnixSeconds) { return 0; };
    return BearerTokenCache::create(std::move(config)).value();
  }
  int calls() const { return calls_; }

  std::vector<std::string> told;

 private:
  Answer answer_;
  std::atomic<int> calls_{0};
};

TEST(BearerTokenCache, IsCheckedWhenItIsMade) {
  for (const auto& [region, life] :
       std::vector<std::pair<std::string, std::int64_t>>{{"", 1}, {"us-east-1", 0}, {"a b", 1}}) {
    BearerTokenConfig config;
    config.region = region;
    config.expires_in_s = life;
    const auto cache = BearerTokenCache::create(std::move(config));
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.error().code, Code::invalid_argument);
  }
}

TEST(BearerTokenCache, RenewsAheadOfTheTokensEnd) {
  Source source([] { return make_credentials(); });
  const auto cache = source.cache();
  const auto first = cache->get(0).value();
  EXPECT_EQ(first->expires_at(), half_a_day);
  EXPECT_EQ(cache->get(half_a_day - window - 1).value(), first);
  const auto second = cache->get(half_a_day - window).value();
  EXPECT_NE(second->text(), first->text());
  EXPECT_EQ(second->expires_at(), 2 * half_a_day - window);
  EXPECT_EQ(source.calls(), 1);  // these credentials do not expire
}

TEST(BearerTokenCache, RenewsAheadOfTheCredentialsEnd) {
  UnixSeconds now = 0;
  Source source([&] { return make_credentials(now + hour); });
  const auto cache = source.cache();
  const auto first = cache->get(now).value();
  EXPECT_EQ(first->expires_at(), hour);
  now = hour - window - 1;
  EXPECT_EQ(cache->get(now).value(), first);
  ++now;
  EXPECT_EQ(cache->get(now).value()->expires_at(), now + hour);
  EXPECT_EQ(source.calls(), 2);
}

TEST(BearerTokenCache, ShortLivesAreNotRenewedOnEveryCall) {
  Source source([] { return make_credentials(); });
  for (const UnixSeconds life : {2, 60, 600}) {
    const auto cache = source.cache(life);
    const auto first = cache->get(0).value();
    EXPECT_EQ(cache->get(life / 2 - 1).value(), first);
    EXPECT_NE(cache->get(life / 2).value(), first);
  }
  const auto cache = source.cache(1);
  for (UnixSeconds now = 0; now < 5; ++now) {
    const auto token = cache->get(now).value();
    EXPECT_EQ(token->expires_at(), now + 1);
    EXPECT_EQ(cache->get(now).value(), token);
  }
}

TEST(BearerTokenCache, AFailedRefreshServesOnAndIsTriedAgain) {
  bool down = false;
  UnixSeconds now = 0;
  Source source([&]() -> Result<CredentialsPtr> {
    if (down) return Error{Code::transport, "source is down"};
    return make_credentials(now + hour);
  });
  const auto cache = source.cache();
  const auto first = cache->get(now).value();
  down = true;
  now = hour - window;
  EXPECT_EQ(cache->get(now).value()->expires_at(), hour);
  EXPECT_EQ(cache->get(now + 29).value()->expires_at(), hour);
  EXPECT_EQ(source.calls(), 2);
  EXPECT_EQ(cache->get(now + 30).value()->expires_at(), hour);
  EXPECT_EQ(source.calls(), 3);
  EXPECT_EQ(source.told, std::vector<std::string>(2, "source is down"));

  now = hour - 1;
  EXPECT_EQ(cache->get(now).value()->expires_at(), hour);
  const auto none = cache->get(hour);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message, "source is down");
  down = false;
  now = hour;
  EXPECT_EQ(cache->get(now).value()->expires_at(), 2 * hour);
}

TEST(BearerTokenCache, ATokenRefusedIsMadeAnewFromNewCredentials) {
  Source source([] { return make_credentials(); });
  const auto cache = source.cache();
  const auto first = cache->get(0).value();
  EXPECT_TRUE(cache->invalidate(BearerTokenPtr(), 1));
  EXPECT_TRUE(cache->invalidate("another", 1));
  EXPECT_EQ(cache->get(1).value(), first);
  EXPECT_TRUE(cache->invalidate(first, 1));
  const auto second = cache->get(1).value();
  EXPECT_NE(second, first);
  EXPECT_EQ(source.calls(), 2);
  EXPECT_TRUE(cache->invalidate(first, 1));  // somebody was faster
  EXPECT_EQ(cache->get(2).value(), second);
  EXPECT_FALSE(cache->invalidate(second->text(), 2));  // the credentials came back the same
  EXPECT_EQ(cache->get(2).value(), second);
  EXPECT_TRUE(cache->invalidate(second->text(), 6));
  EXPECT_NE(cache->get(6).value(), second);
  EXPECT_EQ(source.calls(), 3);
}

TEST(BearerTokenCache, OthersGoOnWithTheOldTokenWhileOneRenews) {
  UnixSeconds now = 0;
  std::promise<void> entered, release;
  bool slow = false;
  Source source([&]() -> Result<CredentialsPtr> {
    if (slow) {
      entered.set_value();
      release.get_future().wait();
    }
    return make_credentials(now + hour);
  });
  const auto cache = source.cache();
  const auto first = cache->get(0).value();
  slow = true;
  now = hour - window;
  auto renewed = std::async(std::launch::async, [&] { return cache->get(now).value(); });
  entered.get_future().wait();
  EXPECT_EQ(cache->get(now).value(), first);  // would hang if it waited
  EXPECT_EQ(cache->get(hour - 1).value(), first);
  release.set_value();
  const auto second = renewed.get();
  EXPECT_EQ(second->expires_at(), now + hour);
  EXPECT_EQ(cache->get(now).value(), second);
  EXPECT_EQ(source.calls(), 2);
}

TEST(BearerTokenCache, ThreadsWithoutATokenShareOneRefreshAndItsError) {
  constexpr int threads = 16;
  bool down = false;
  Source source([&]() -> Result<CredentialsPtr> {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (down) return Error{Code::transport, "source is down"};
    return make_credentials(hour);
  });
  const auto in_parallel = [&](BearerTokenCache& cache) {
    std::atomic<int> good{0};
    std::vector<std::thread> pool;
    for (int i = 0; i < threads; ++i) {
      pool.emplace_back([&] { good += cache.get(0).ok() ? 1 : 0; });
    }
    for (auto& thread : pool) thread.join();
    return good.load();
  };
  EXPECT_EQ(in_parallel(*source.cache()), threads);
  EXPECT_EQ(source.calls(), 1);
  down = true;
  EXPECT_EQ(in_parallel(*source.cache()), 0);
  EXPECT_LT(source.calls(), threads);
}

TEST(BearerTokenCache, ManyThreadsAlwaysGetAGoodToken) {
  std::atomic<UnixSeconds> clock{0};
  Source source([&] { return make_credentials(clock + 4); });
  const auto cache = source.cache(3);
  std::vector<std::thread> pool;
  std::atomic<bool> stop{false};
  std::atomic<int> bad{0};
  for (int i = 0; i < 8; ++i) {
    pool.emplace_back([&] {
      while (!stop) {
        const UnixSeconds now = clock;
        const auto token = cache->get(now);
        // Another thread may have read a later clock, never an earlier end than its own.
        if (!token.ok() || token.value()->expired(now)) ++bad;
      }
    });
  }
  for (int second = 0; second < 200; ++second) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++clock;
  }
  stop = true;
  for (auto& thread : pool) thread.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GT(source.calls(), 20);
}

TEST(BearerTokenCache, AnExceptionOfTheHostEndsTheRenewal) {
  bool raise = false;
  UnixSeconds now = 0;
  Source source([&]() -> Result<CredentialsPtr> {
    if (raise) throw std::runtime_error("host");
    return make_credentials(now + hour);
  });
  const auto cache = source.cache();
  ASSERT_TRUE(cache->get(0).ok());
  raise = true;
  now = hour - window;
  EXPECT_THROW((void)cache->get(now), std::runtime_error);
  raise = false;
  EXPECT_EQ(cache->get(now).value()->expires_at(), now + hour);
}

TEST(BearerTokenCache, AChildForkedDuringARenewalGoesOn) {
  UnixSeconds now = 0;
  std::promise<void> entered, release;
  std::atomic<bool> slow{false};
  Source source([&]() -> Result<CredentialsPtr> {
    if (slow.exchange(false)) {
      entered.set_value();
      release.get_future().wait();
    }
    return make_credentials(now + hour);
  });
  const auto cache = source.cache();
  ASSERT_TRUE(cache->get(0).ok());
  slow = true;
  now = hour - window;
  std::thread renewing([&] { (void)cache->get(now); });
  entered.get_future().wait();
  const pid_t child = fork();
  if (child == 0) {
    const auto token = cache->get(now);
    _exit(token.ok() && token.value()->expires_at() == now + hour ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  release.set_value();
  renewing.join();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace costmark
