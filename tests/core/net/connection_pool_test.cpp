#include "net/connection_pool.hpp"

#include <optional>
#include <thread>

#include "core/forking.hpp"
#include "core/net/connection_fixture.hpp"

namespace costmark::net {
namespace {

Code send(ConnectionPool& pool, const Loopback& server) {
  const ConnectionPool::Lease lease(pool, server.origin());
  const std::string url = server.url();
  Head head;
  Gathered received;
  const Status status =
      lease->exchange(get(url), {deadline_in(std::chrono::seconds(10))}, head, received);
  return status.ok() ? Code::ok : status.error().code;
}

TEST(ConnectionPool, LendsAConnectionAgain) {
  const Loopback server(keep_answering(answer_of(200, "body")));
  ConnectionPool pool({}, 2);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(send(pool, server), Code::ok);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(ConnectionPool, LendsTheOneThatTalkedToTheSameServer) {
  const Loopback one(keep_answering(answer_of(200, "one")));
  const Loopback other(keep_answering(answer_of(200, "other")));
  ConnectionPool pool({}, 2);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(send(pool, one), Code::ok);
    ASSERT_EQ(send(pool, other), Code::ok);
  }
  EXPECT_EQ(one.connections(), 1U);
  EXPECT_EQ(other.connections(), 1U);
}

TEST(ConnectionPool, LendsNoneTwiceAtATime) {
  ConnectionPool pool({}, 2);
  const Connection* known = nullptr;
  {
    const ConnectionPool::Lease one(pool, "http://a");
    const ConnectionPool::Lease other(pool, "http://a");
    EXPECT_NE(&*one, &*other);
    known = &*one;
  }
  const ConnectionPool::Lease again(pool, "http://b");  // those that are not connected fit any
  EXPECT_EQ(&*again, known);
}

TEST(ConnectionPool, KeepsNoMoreThanItMay) {
  const Loopback server(keep_answering(answer_of(200, "body")));
  for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    const std::size_t before = server.connections();
    ConnectionPool pool({}, most);
    const std::string url = server.url();
    for (int round = 0; round < 2; ++round) {
      std::optional<ConnectionPool::Lease> leases[3];
      for (auto& lease : leases) {
        lease.emplace(pool, server.origin());
        Head head;
        Gathered received;
        const Limits limits{deadline_in(std::chrono::seconds(10))};
        ASSERT_TRUE((*lease)->exchange(get(url), limits, head, received).ok());
      }
    }
    EXPECT_EQ(server.connections() - before, 6 - most);
  }
}

TEST(ConnectionPool, OfTheProcessIsOneForEachKind) {
  ConnectionConfig old;
  old.version = Version::http_1_1;
  ConnectionConfig proxied;
  proxied.proxies.of_http = "http://127.0.0.1:1";
  ConnectionConfig bundled;
  bundled.ca_bundle.path = "/no/such/bundle.pem";
  const auto pool = ConnectionPool::of_process({}, 2);
  EXPECT_EQ(ConnectionPool::of_process({}, 2), pool);
  EXPECT_NE(ConnectionPool::of_process({}, 3), pool);
  for (const ConnectionConfig& other : {old, proxied, bundled}) {
    EXPECT_NE(ConnectionPool::of_process(other, 2), pool);
    EXPECT_EQ(ConnectionPool::of_process(other, 2), ConnectionPool::of_process(other, 2));
  }
}

TEST(ConnectionPool, IsSharedByThreads) {
  const Loopback server(keep_answering(answer_of(200, "body")));
  ConnectionPool pool({}, 4);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (send(pool, server) == Code::ok) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
  EXPECT_LE(server.connections(), 4U);
}

TEST(ConnectionPool, OfAParentLendsAChildNoneOfTheParents) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server(keep_answering(answer_of(200, "body")));
  ConnectionPool pool({}, 2);
  ASSERT_EQ(send(pool, server), Code::ok);
  testing::expect_good_child([&] { return send(pool, server) == Code::ok; });
  EXPECT_EQ(server.connections(), 2U);
  ASSERT_EQ(send(pool, server), Code::ok);
  EXPECT_EQ(server.connections(), 2U);
}

}  // namespace
}  // namespace costmark::net
