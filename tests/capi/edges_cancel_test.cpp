// pthread_cancel() of threads that are inside the library.
#include <pthread.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "edges_fixture.hpp"

namespace {

using costmark::edges::end_of_child;
using costmark::edges::Host;
using costmark::edges::runs;
using costmark::edges::ServerProcess;
using costmark::edges::view;

using Call = std::function<costmark_status()>;

// Until it is cancelled. A call that fails gives another result.
void* work(void* call) {
  for (;;) {
    if ((*static_cast<const Call*>(call))() != COSTMARK_OK) return nullptr;
    pthread_testcancel();
  }
}

// Cancels a thread that makes the call, at another moment each time. What comes after, by the
// thread that cancelled it, is as good as ever.
int cancel_often(const Call& call) {
  for (int run = 0; run < 4 * runs(); ++run) {
    pthread_t thread{};
    void* result = nullptr;
    if (pthread_create(&thread, nullptr, &work, const_cast<Call*>(&call)) != 0) return 1;
    usleep(static_cast<useconds_t>(run * 331 % 7001));
    pthread_cancel(thread);
    pthread_join(thread, &result);
    if (result != PTHREAD_CANCELED) {
      std::fprintf(stderr, "not cancelled: %s\n", Host::why().c_str());
      return 2;
    }
  }
  return call() == COSTMARK_OK ? 0 : 3;
}

// In a child; checks that no handle is left.
template <class Work>
void expect_good_child(Work with_host) {
  EXPECT_EQ(end_of_child([&]() -> int {
              if (const int fault = with_host(); fault != 0) return fault;
              return costmark_live_handles() == 0 ? 0 : 9;
            }),
            "exit 0");
}

TEST(CapiThreadCancel, Preparing) {
  expect_good_child([] {
    const Host host;
    return cancel_often([&] { return host.prepare(); });
  });
}

TEST(CapiThreadCancel, Sending) {
  const ServerProcess server(false);
  expect_good_child([&] {
    const Host host;
    return cancel_often([&] { return host.send(server.url()); });
  });
}

TEST(CapiThreadCancel, SendingOverTls) {
  const ServerProcess server(true);
  expect_good_child([&] {
    const Host host({{"ca_bundle", server.bundle()}});
    return cancel_often([&] { return host.send(server.url()); });
  });
}

// A callback is a part of the call that it is inside of.
costmark_status test_cancel(void*, const char*, std::size_t) {
  usleep(500);
  pthread_testcancel();
  return COSTMARK_OK;
}

TEST(CapiThreadCancel, InsideOfACallback) {
  const ServerProcess server(false);
  expect_good_child([&] {
    const Host host;
    costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
    options.on_body = &test_cancel;
    return cancel_often([&] { return host.send(server.url(), &options); });
  });
}

TEST(CapiThreadCancel, WhileAProgramGivesCredentials) {
  char path[] = "/tmp/costmark-XXXXXX";
  const int file = mkstemp(path);
  ASSERT_GE(file, 0);
  dprintf(file,
          "[default]\ncredential_process = /bin/sh -c \"sleep 0.01; echo "
          "'{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIDEXAMPLE\\\","
          "\\\"SecretAccessKey\\\":\\\"not-a-real-secret\\\"}'\"\n");
  close(file);
  expect_good_child([&] {
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    return cancel_often([] {
      const Host host({}, false);
      return host.prepare();
    });
  });
  unlink(path);
}

// Whoever keeps cancellation from its threads finds it so afterwards.
TEST(CapiThreadCancel, TheStateOfTheThreadStays) {
  for (const int state : {PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE}) {
    int before = -1;
    int after = -1;
    pthread_setcancelstate(state, &before);
    EXPECT_EQ(Host().prepare(), COSTMARK_OK);
    pthread_setcancelstate(before, &after);
    EXPECT_EQ(after, state);
  }
}

}  // namespace
