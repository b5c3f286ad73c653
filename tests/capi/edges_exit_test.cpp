// Calls after exit() began: from threads that still run, and from atexit handlers that were
// registered before the library was first used.
#include <openssl/evp.h>

#include <memory>
#include <thread>

#include "edges_fixture.hpp"

namespace {

using costmark::edges::end_of_child;
using costmark::edges::Host;
using costmark::edges::runs;
using costmark::edges::ServerProcess;

constexpr int good = 3;
constexpr int bad = 4;

// What a child does over and over.
struct Work {
  std::string url;  // to send to; empty: prepares
  std::string bundle;
  bool host_uses_openssl = false;  // before the library does
};

const Host* host = nullptr;
const Work* work = nullptr;

const Host* make_host() {
  return work->bundle.empty() ? new Host : new Host({{"ca_bundle", work->bundle}});
}

bool do_once(const Host& with) {
  const costmark_status status = work->url.empty() ? with.prepare() : with.send(work->url);
  // An OpenSSL that the host began to use goes before the process does.
  if (status == COSTMARK_OK || work->host_uses_openssl) return true;
  std::fprintf(stderr, "%d: %s\n", static_cast<int>(status), Host::why().c_str());
  return false;
}

// With what is at hand, and with all of it made anew.
void late_handler() {
  for (int i = 0; i < 3; ++i) {
    const std::unique_ptr<const Host> another(make_host());
    if (!do_once(*host) || !do_once(*another)) _exit(bad);
  }
  usleep(20'000);  // the other threads go on
}

// Ends by exit(), with threads at work.
[[noreturn]] void end_at_work(const Work& what, int threads) {
  work = &what;
  std::atexit(&late_handler);
  if (what.host_uses_openssl) EVP_MD_free(EVP_MD_fetch(nullptr, "SHA2-256", nullptr));
  host = make_host();
  if (!do_once(*host)) _exit(bad);
  for (int i = 0; i < threads; ++i) {
    std::thread([] {
      while (do_once(*host)) continue;
      _exit(bad);
    }).detach();
  }
  usleep(5'000);
  std::exit(good);
}

void expect_good_ends(const Work& what) {
  for (const int threads : {0, 1, 4}) {
    for (int run = 0; run < (threads == 0 ? 1 : runs()); ++run) {
      const std::string end = end_of_child([&]() -> int { end_at_work(what, threads); });
      ASSERT_EQ(end, "exit 3") << threads << " threads, run " << run;
    }
  }
}

TEST(CapiExit, Preparing) {
  expect_good_ends({});
}

TEST(CapiExit, PreparingWhereTheHostUsesOpensslItself) {
  expect_good_ends({"", "", true});
}

TEST(CapiExit, Sending) {
  const ServerProcess server(false);
  expect_good_ends({server.url(), "", false});
}

TEST(CapiExit, SendingOverTls) {
  const ServerProcess server(true);
  expect_good_ends({server.url(), server.bundle(), false});
}

TEST(CapiExit, SendingOverTlsWhereTheHostUsesOpensslItself) {
  const ServerProcess server(true);
  expect_good_ends({server.url(), server.bundle(), true});
}

}  // namespace
