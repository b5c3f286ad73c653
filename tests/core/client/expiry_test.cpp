// Credentials that end every second, while many threads sign and processes fork.
//
// TEST_SECONDS says how long (default 3).
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/client/client_fixture.hpp"
#include "core/forking.hpp"

namespace costmark::testing {
namespace {

using namespace std::chrono_literals;

std::chrono::seconds test_duration() {
  const char* text = std::getenv("TEST_SECONDS");
  return std::chrono::seconds(text == nullptr ? 3 : std::atoi(text));
}

UnixSeconds system_seconds() {
  return std::time(nullptr);
}

// Hands out sets whose access key tells when they end, and takes a while for each.
class Issuer {
 public:
  CredentialsProviderPtr provider() {
    return callback_credentials([this]() -> Result<CredentialsPtr> {
      if (++inside_ > 1) overlapped_ = true;
      std::this_thread::sleep_for(20ms);
      const UnixSeconds end = system_seconds() + 1;
      ++issued_;
      --inside_;
      Credentials::Fields fields;
      fields.access_key_id = "ASIA" + std::to_string(end);
      fields.secret_access_key = secret_key;
      fields.session_token = std::string(900, 't');
      fields.expires_at = end;
      return Credentials::create(std::move(fields));
    });
  }
  int issued() const { return issued_; }
  bool overlapped() const { return overlapped_; }

 private:
  std::atomic<int> inside_{0};
  std::atomic<int> issued_{0};
  std::atomic<bool> overlapped_{false};
};

std::shared_ptr<Client> client_of_issuer(CredentialsProviderPtr provider) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.clock = system_seconds;
  config.credentials = std::move(provider);
  return Client::create(std::move(config)).value();
}

UnixSeconds seconds_of(const std::string& x_amz_date) {
  std::tm moment{};
  if (strptime(x_amz_date.c_str(), "%Y%m%dT%H%M%SZ", &moment) == nullptr) return -1;
  return timegm(&moment);
}

// Whether the request was signed before its credentials ended.
bool signed_in_time(const Prepared& prepared) {
  const std::string text = value_set(prepared, "authorization");
  const auto begin = text.find("ASIA");
  if (begin == std::string::npos) return false;
  const UnixSeconds end = std::atoll(text.c_str() + begin + 4);
  return seconds_of(value_set(prepared, "x-amz-date")) < end;
}

TEST(Expiry, SixtyFourThreadsNeverFailWhileCredentialsEndEverySecond) {
  Issuer issuer;
  const auto client = client_of_issuer(issuer.provider());
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + test_duration();
  std::atomic<int> failed{0}, late{0};
  std::atomic<std::uint64_t> prepares{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 64; ++t) {
    threads.emplace_back([&] {
      Operation operation = client->operation();
      const Post post{std::string(mantle_chat), R"({"model":"m","messages":[]})"};
      while (std::chrono::steady_clock::now() < end) {
        if (!operation.begin(post.request()).ok() || !operation.prepare().ok()) {
          ++failed;
        } else if (!signed_in_time(operation.prepared())) {
          ++late;
        }
        operation.sent();
        operation.head(Head(200));
        operation.finish();
        ++prepares;
        std::this_thread::sleep_for(1ms);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto seconds =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(late, 0);
  EXPECT_FALSE(issuer.overlapped());
  EXPECT_GE(issuer.issued(), test_duration().count() / 2);
  EXPECT_LE(issuer.issued(), seconds.count() + 1);
  EXPECT_EQ(client->usage().at("proj_a").operations, prepares);
}

bool prepares_and_observes(Client& client) {
  Operation operation = client.operation();
  Post post{std::string(mantle_responses), R"({"input":"x","previous_response_id":"resp_y"})"};
  if (!operation.begin(post.request()).ok() || !operation.prepare().ok()) return false;
  operation.sent();
  operation.head(Head(200));
  operation.feed(R"({"id":"resp_x","status":"completed"})");
  operation.finish();
  return !client.usage().empty();
}

TEST(Expiry, AForkDuringARefreshLeavesTheChildAWorkingClient) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  std::promise<void> entered, release;
  auto released = release.get_future().share();
  std::atomic<int> calls{0};
  const pid_t parent = getpid();
  const auto client = client_of_issuer(callback_credentials([&]() -> Result<CredentialsPtr> {
    if (getpid() == parent) {
      if (++calls == 1) entered.set_value();
      released.wait();
    }
    Credentials::Fields fields;
    fields.access_key_id = "ASIA";
    fields.secret_access_key = secret_key;
    fields.expires_at = system_seconds() + 3600;
    return Credentials::create(std::move(fields));
  }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(prepares_and_observes(*client)); });
  }
  entered.get_future().wait();
  expect_good_child([&] { return prepares_and_observes(*client); });
  release.set_value();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, 1);
}

// Whatever lock another thread holds at the moment of the fork.
TEST(Expiry, ForksAmongBusyThreads) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  Issuer issuer;
  const auto client = client_of_issuer(issuer.provider());
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!done) EXPECT_TRUE(prepares_and_observes(*client));
    });
  }
  for (int i = 0; i < 40; ++i) expect_good_child([&] { return prepares_and_observes(*client); });
  done = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace costmark::testing
