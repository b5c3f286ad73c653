// What the tests of the edges share: each runs in a forked child, so that a crash is a failed test.
#pragma once

#include <costmark/testing.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/net/loopback.hpp"
#include "core/net/tls_peer.hpp"
#include "rounds.hpp"

namespace costmark::edges {

inline costmark_str view(std::string_view text) {
  return {text.data(), text.size()};
}

using Setting = std::pair<std::string_view, std::string_view>;

// How often a race is run. COSTMARK_EDGE_RUNS: for a longer search.
inline int runs() {
  const char* const asked = std::getenv("COSTMARK_EDGE_RUNS");
  if (asked != nullptr) return std::atoi(asked);
  return costmark::tests::slow_tests() ? 8 : 2;
}

// How a forked child ends that runs `work`, as text: "exit 3" or "signal 6".
template <class Work>
std::string end_of_child(Work work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(work());
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no child";
  if (WIFEXITED(status)) return "exit " + std::to_string(WEXITSTATUS(status));
  return "signal " + std::to_string(WTERMSIG(status));
}

// A process that answers over TLS, or without it. It is another one, so that nothing but the
// library uses OpenSSL where the test is.
class ServerProcess {
 public:
  explicit ServerProcess(bool tls) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      serve(tls, ends[1]);
    }
    ::close(ends[1]);
    std::FILE* const from = ::fdopen(ends[0], "r");
    char url[256];
    char bundle[256];
    if (std::fscanf(from, "%255s %255s", url, bundle) != 2) throw std::runtime_error("no server");
    std::fclose(from);
    url_ = url;
    if (tls) bundle_ = bundle;
  }
  ~ServerProcess() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    if (!bundle_.empty()) ::unlink(bundle_.c_str());
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& url() const { return url_; }
  const std::string& bundle() const { return bundle_; }

 private:
  [[noreturn]] static void serve(bool tls, int to) {
    const std::string answer =
        net::answer_of(200, R"({"id":"chatcmpl-1","model":"m","choices":[]})",
                       "Content-Type: application/json\r\n");
    std::unique_ptr<net::Certificate> own;
    if (tls) own = std::make_unique<net::Certificate>("IP:127.0.0.1");
    const net::Loopback loopback([&](net::Peer& peer) {
      if (!tls) return net::keep_answering(answer)(peer);
      net::TlsPeer secure(peer, *own);
      while (!secure.read_request().empty() && secure.write(answer)) continue;
    });
    const std::string origin = (tls ? "https" : "http") + loopback.origin().substr(4);
    ::dprintf(to, "%s/v1/chat/completions %s\n", origin.c_str(),
              tls ? own->path().c_str() : "none");
    ::close(to);
    for (;;) ::pause();
  }

  pid_t pid_ = -1;
  std::string url_;
  std::string bundle_;
};

// A client, and calls through it. Prints what goes wrong, as a child has no better way to say it.
class Host {
 public:
  explicit Host(std::initializer_list<Setting> more = {}, bool with_keys = true) {
    costmark_config* config = nullptr;
    costmark_error* error = nullptr;
    costmark_status status = costmark_config_new(&config, &error);
    const auto set = [&](Setting setting) {
      if (status != COSTMARK_OK) return;
      status = costmark_config_set(config, setting.first.data(), setting.first.size(),
                                   setting.second.data(), setting.second.size(), &error);
    };
    set({"region", "us-east-1"});
    set({"project", "proj_edges"});
    if (with_keys) {
      set({"access_key_id", "AKIDEXAMPLE"});
      set({"secret_access_key", "not-a-real-secret"});
    }
    for (const Setting& setting : more) set(setting);
    if (status == COSTMARK_OK) status = costmark_client_new(config, &client_, &error);
    note(status, error);
    costmark_config_free(config);
  }
  ~Host() { costmark_client_release(client_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  costmark_client* client() const { return client_; }
  // Why the last call that failed did, of this thread.
  static const std::string& why() { return why_of_thread(); }

  costmark_status prepare() const {
    return with_operation("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
                          [](costmark_operation* operation, costmark_error** error) {
                            costmark_prepared out = COSTMARK_PREPARED_INIT;
                            return costmark_operation_prepare(operation, nullptr, nullptr, &out,
                                                              error);
                          });
  }
  costmark_status send(const std::string& url,
                       const costmark_send_options* options = nullptr) const {
    return with_operation(url, [&](costmark_operation* operation, costmark_error** error) {
      return costmark_operation_send(operation, options, error);
    });
  }

 private:
  static std::string& why_of_thread() {
    static thread_local std::string why;
    return why;
  }
  static costmark_status note(costmark_status status, costmark_error* error) {
    if (status != COSTMARK_OK) {
      costmark_error_view shown = COSTMARK_ERROR_VIEW_INIT;
      costmark_error_read(error, &shown);
      why_of_thread().assign(shown.message.data, shown.message.len);
    }
    costmark_error_free(error);
    return status;
  }
  static void free_operation(void* operation) {
    costmark_operation_free(static_cast<costmark_operation*>(operation));
  }

  // The operation is freed also where the thread is cancelled.
  template <class Work>
  costmark_status with_operation(const std::string& url, Work work) const {
    costmark_operation* operation = nullptr;
    costmark_error* error = nullptr;
    costmark_status status = costmark_operation_new(client_, &operation, &error);
    pthread_cleanup_push(&free_operation, operation);
    costmark_request request = COSTMARK_REQUEST_INIT;
    request.method = view("POST");
    request.url = view(url);
    request.body = view(R"({"model":"m"})");
    if (status == COSTMARK_OK) status = costmark_operation_begin(operation, &request, &error);
    if (status == COSTMARK_OK) status = work(operation, &error);
    pthread_cleanup_pop(1);
    return note(status, error);
  }

  costmark_client* client_ = nullptr;
};

}  // namespace costmark::edges
