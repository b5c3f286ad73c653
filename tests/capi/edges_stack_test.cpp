// How much stack a call needs, which costmark.h promises.
#include <pthread.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "edges_fixture.hpp"

namespace {

using costmark::edges::Host;
using costmark::edges::ServerProcess;
using costmark::edges::view;

constexpr std::size_t size = 1U << 20U;
constexpr unsigned char untouched = 0xA5;

void* run(void* work) {
  (*static_cast<const std::function<void()>*>(work))();
  return nullptr;
}

// Of a thread of its own, what it needs for itself included.
std::size_t stack_of(const std::function<void()>& work) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 4096, size) != 0) throw std::bad_alloc();
  std::memset(memory, untouched, size);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, memory, size);
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, &run, const_cast<std::function<void()>*>(&work)) == 0) {
    pthread_join(thread, nullptr);
  }
  pthread_attr_destroy(&attributes);
  const auto* const bytes = static_cast<const unsigned char*>(memory);
  std::size_t unused = 0;
  while (unused < size && bytes[unused] == untouched) ++unused;
  std::free(memory);
  return size - unused;
}

void verify(const Host& host, const std::string& url) {
  costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
  request.url = view(url);
  costmark_verification* verification = nullptr;
  const costmark_status status =
      costmark_client_verify(host.client(), &request, &verification, nullptr);
  static_cast<void>(status);  // whatever it finds out
  costmark_verification_free(verification);
}

TEST(CapiStack, ACallNeedsNoMoreThanTheHeaderSays) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more";
#endif
  const ServerProcess server(true);
  const Host host({{"ca_bundle", server.bundle()}});
  const std::size_t own = stack_of([] {});
  const auto needed = [own](const std::function<void()>& work) { return stack_of(work) - own; };
  const std::size_t prepare = needed([&] { EXPECT_EQ(host.prepare(), COSTMARK_OK); });
  const std::size_t send = needed([&] { EXPECT_EQ(host.send(server.url()), COSTMARK_OK); });
  const std::size_t proof = needed([&] { verify(host, server.url()); });
  const std::string all = "prepare " + std::to_string(prepare) + ", send " + std::to_string(send) +
                          ", verify " + std::to_string(proof);
  RecordProperty("bytes", all);
  EXPECT_LE(prepare, 32U << 10U) << all;
  EXPECT_LE(send, 64U << 10U) << all;
  EXPECT_LE(proof, 64U << 10U) << all;
}

}  // namespace
