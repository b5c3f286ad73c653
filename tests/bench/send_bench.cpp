// `send` to a server on loopback, as ratios to libcurl's easy interface that posts the same body
// over a kept connection. The two sides take turns, so that a busy machine disturbs both alike.
#include "send_bench.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "costmark/client.hpp"

namespace costmark::bench {
namespace {

// Answers every request with the same bytes, one client after the other in a thread each.
class Server {
 public:
  explicit Server(std::string answer) : answer_(std::move(answer)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, generic, size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, generic, &size) != 0) {
      std::abort();
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/v1/chat/completions";
    acceptor_ = std::thread([this] {
      for (;;) {
        const int client = ::accept(fd_, nullptr, nullptr);
        if (client < 0) return;
        clients_.emplace_back([this, client] { serve(client); });
      }
    });
  }
  ~Server() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    for (auto& client : clients_) client.join();
    ::close(fd_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& url() const { return url_; }

 private:
  void serve(int client) const {
    const int now = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    std::vector<char> buffer(1U << 20U);
    std::size_t got = 0;
    std::size_t wanted = 0;
    for (;;) {
      const ssize_t more = ::recv(client, buffer.data() + got, buffer.size() - got, 0);
      if (more <= 0) break;
      got += static_cast<std::size_t>(more);
      if (wanted == 0) wanted = size_of({buffer.data(), got});
      if (wanted == 0 || got < wanted) continue;
      got = wanted = 0;
      if (::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(client);
  }

  // Of a request with its body; 0 until its header is there.
  static std::size_t size_of(std::string_view text) {
    constexpr std::string_view name = "Content-Length: ";
    const auto end = text.find("\r\n\r\n");
    const auto at = text.find(name);
    if (end == std::string_view::npos || at == std::string_view::npos) return 0;
    std::size_t size = 0;
    std::from_chars(text.data() + at + name.size(), text.data() + end, size);
    return end + 4 + size;
  }

  const std::string answer_;
  int fd_ = -1;
  std::string url_;
  std::thread acceptor_;
  std::vector<std::thread> clients_;
};

std::string answer_of(std::size_t size) {
  std::string body = R"({"id":"chatcmpl-1","model":"openai.gpt-oss-120b","choices":[{"index":0,)"
                     R"("message":{"role":"assistant","content":")";
  body.append(size, 'a');
  body += R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}})";
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nx-request-id: req_0123456789\r\n\r\n" + body;
}

std::string chat_body(std::size_t size) {
  std::string body = R"({"model":"openai.gpt-oss-120b","messages":[)";
  while (body.size() + 100 < size) {
    body += R"({"role":"user","content":"What \"exactly\" did they say\n about the weather?"},)";
  }
  body.back() = ']';
  return body + "}";
}

// libcurl as a program would use it: one handle that is kept, and no more work than there must be.
class Plain {
 public:
  Plain(const std::string& url, const std::string& body) : handle_(curl_easy_init()) {
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "OpenAI-Project: proj_5d5ykleja6cwpirysbb7");
    headers_ = curl_slist_append(headers_, "Accept:");
    headers_ = curl_slist_append(headers_, "Expect:");
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_PROXY, "");
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &Plain::gather);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
  }
  ~Plain() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(headers_);
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  void send() {
    body_.clear();
    if (curl_easy_perform(handle_) != CURLE_OK || body_.empty()) std::abort();
  }

 private:
  static std::size_t gather(char* bytes, std::size_t, std::size_t size, void* self) {
    static_cast<Plain*>(self)->body_.append(bytes, size);
    return size;
  }

  CURL* handle_;
  curl_slist* headers_ = nullptr;
  std::string body_;
};

std::shared_ptr<Client> make_client(std::string_view auth, const std::string& url) {
  ClientConfig config;
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  const std::pair<std::string_view, std::string_view> options[] = {
      {"project", "proj_5d5ykleja6cwpirysbb7"},
      {"carrier", "header"},
      {"auth", auth},
      {"base_url", url},
      {"region", "us-east-1"},
      {"access_key_id", "AKIDEXAMPLE"},
      {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
  for (const auto& [name, value] : options) {
    if (!config.options.set(name, value)) return nullptr;
  }
  auto client = Client::create(std::move(config));
  return client ? client.value() : nullptr;
}

class Ours {
 public:
  Ours(std::shared_ptr<Client> client, const std::string& url, const std::string& body)
      : client_(std::move(client)),
        request_{"POST", url, headers_, body, {}, {}},
        sent_(client_->operation()),
        prepared_(client_->operation()) {}

  void send() {
    const Status status = client_->send(request_, {}, sent_);
    if (!status) {
      std::printf("%s\n", status.error().message.c_str());
      std::abort();
    }
  }

  // Without the exchange: what attributing, signing and observing cost wherever they are done.
  void prepare() {
    if (!prepared_.begin(request_) || !prepared_.prepare()) std::abort();
    prepared_.sent();
    prepared_.head({200, headers_});
    prepared_.feed(sent_.response().body());
    prepared_.finish();
  }

 private:
  const std::shared_ptr<Client> client_;
  const std::array<Header, 1> headers_{{{"Content-Type", "application/json"}}};
  const Request request_;
  Operation sent_;
  Operation prepared_;
};

// Nanoseconds of a call each, of which a fifth were faster: the exchanges take turns one by one,
// and what else the machine does disturbs the slow ones.
template <class... Works>
std::array<double, sizeof...(Works)> take_turns(Works... works) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t rounds = 4000;
  constexpr std::size_t warm_up = 100;
  std::array<std::vector<double>, sizeof...(Works)> times;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::size_t which = 0;
    const auto measure = [&](auto& work) {
      const auto begin = Clock::now();
      work();
      const double took = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
      if (round >= warm_up) times[which].push_back(took);
      ++which;
    };
    (measure(works), ...);
  }
  std::array<double, sizeof...(Works)> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto fifth = times[i].begin() + static_cast<std::ptrdiff_t>(times[i].size() / 5);
    std::nth_element(times[i].begin(), fifth, times[i].end());
    out[i] = *fifth;
  }
  return out;
}

// Where this thread, and those that it starts, run: which processors the system puts the two ends
// of a connection on may make more of a difference than what is measured.
class Pinned {
 public:
  // The one of that number among those that there are, or the last of them.
  explicit Pinned(int number) {
#ifdef __linux__
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    for (int cpu = 0; cpu < CPU_SETSIZE && number >= 0; ++cpu) {
      if (!CPU_ISSET(cpu, &before_)) continue;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      --number;
    }
    ::sched_setaffinity(0, sizeof one, &one);
#else
    static_cast<void>(number);
#endif
  }
  ~Pinned() {
#ifdef __linux__
    ::sched_setaffinity(0, sizeof before_, &before_);
#endif
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

#ifdef __linux__
 private:
  cpu_set_t before_{};
#endif
};

std::unique_ptr<Server> server_of(std::size_t answered) {
  const Pinned pinned(1);
  return std::make_unique<Server>(answer_of(answered));
}

}  // namespace

bool print_send() {
  std::printf(
      "Ratio of send to plain libcurl over a kept connection to loopback\n%-34s%15s%15s%15s\n", "",
      "by hand", "unsigned", "signed");
  for (const auto& [asked, answered] :
       {std::pair<std::size_t, std::size_t>{1'000, 1'000}, {10'000, 2'000}, {100'000, 10'000}}) {
    const auto server = server_of(answered);
    const Pinned pinned(0);
    const std::string body = chat_body(asked);
    Plain plain(server->url(), body);
    Plain other_plain(server->url(), body);  // each side has a connection of its own
    const auto none = make_client("none", server->url());
    const auto sigv4 = make_client("sigv4", server->url());
    if (!none || !sigv4) return false;
    Ours unsigned_send(none, server->url(), body);
    Ours signed_send(sigv4, server->url(), body);
    const auto by_hand = [&] {
      unsigned_send.prepare();
      other_plain.send();
    };
    unsigned_send.send();
    const auto [bare, hand, ours, with_signature] = take_turns(
        [&] { plain.send(); }, by_hand, [&] { unsigned_send.send(); }, [&] { signed_send.send(); });
    std::printf("%4zu KB asked, %2zu KB answered %19.2f%15.2f%15.2f\n", asked / 1000,
                answered / 1000, ours / hand, ours / bare, with_signature / bare);
  }
  std::printf(
      "by hand: to prepare, curl_easy_perform and observe; the others to that perform alone\n\n");
  return true;
}

}  // namespace costmark::bench
