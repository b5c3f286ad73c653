#include "net/connection.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "base/broken_pipe.hpp"
#include "base/openssl_use.hpp"
#include "net/connection_state.hpp"
#include "net/wakeup.hpp"

namespace costmark::net {
namespace {

using std::chrono::milliseconds;

// Takes an exchange out again, also when it ends with an exception.
struct Taken {
  CURLM* multi;
  CURL* easy;
  Sockets& sockets;
  ~Taken() {
    curl_socket_t kept = CURL_SOCKET_BAD;  // as long as it is in the multi handle it can be asked
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &kept);
    if (const OpensslUse use; use) curl_multi_remove_handle(multi, easy);
    sockets.settle(kept);
  }
};

// On this thread, as far as libcurl does not see to it itself: since 7.88 it hands every byte to
// the system with MSG_NOSIGNAL, those of TLS too.
class Quiet {
 public:
  Quiet() {
    static const bool needed = curl_version_info(CURLVERSION_NOW)->version_num < 0x075800;
    if (needed) guard_.emplace();
  }

 private:
  std::optional<NoBrokenPipe> guard_;
};

Status fault_of(CURLMcode code) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  return {Code::internal, curl_multi_strerror(code)};
}

int wait_of(milliseconds time) noexcept {
  constexpr auto most = milliseconds(std::chrono::hours(24));
  return static_cast<int>(std::min(time, most).count());
}

}  // namespace

SteadyClock::time_point deadline_in(milliseconds time) noexcept {
  return SteadyClock::now() + milliseconds(limit_ms(time));
}

Connection::Connection(ConnectionConfig config)
    : config_(std::move(config)),
      generation_(fork_generation()),
      handles_(std::make_unique<Handles>()) {
  start_curl();
  handles_->multi.reset(make_multi(sockets_));
  handles_->easy.reset(curl_easy_init());
  if (!handles_->multi || !handles_->easy) throw std::bad_alloc();
  // The connection that was used last, and no other.
  curl_multi_setopt(handles_->multi.get(), CURLMOPT_MAXCONNECTS, 1L);
}

Connection::~Connection() {
  if (inherited()) sockets_.leave_to_parent();
  const Quiet guard;
  const OpensslUse use;
  const bool is_ours = intact();
  if (use && is_ours) {
    handles_.reset();
  } else {
    abandon();
  }
}

// libcurl would say goodbye over descriptors that are the host's by now, and close them; and when
// the process is ending, OpenSSL may be gone. What is left of it is never used again.
void Connection::abandon() noexcept {
  static std::atomic<Handles*> abandoned{nullptr};  // for leak checkers
  sockets_.close_all();
  handles_->next_abandoned = abandoned.load();
  while (!abandoned.compare_exchange_weak(handles_->next_abandoned, handles_.get())) continue;
  static_cast<void>(handles_.release());  // NOLINT(bugprone-unused-return-value): it is kept above
}

bool Connection::intact() const noexcept {
  return sockets_.intact();
}

bool Connection::connected() const noexcept {
  return !sockets_.empty();
}

bool Connection::inherited() const noexcept {
  return generation_ != fork_generation();
}

void Connection::wake() noexcept {
  curl_multi_wakeup(handles_->multi.get());
}

Status Connection::exchange(const http::Request& request, const Limits& limits, http::Head& head,
                            Receiver& receiver) {
  head.clear();
  found_stale_ = false;
  if (OpensslUse::ended()) return OpensslUse::refusal();
  if (Status status = set_up(request, limits); !status) return status;
  Transfer transfer{request, limits, head, receiver};
  Status status = run(transfer);
  handles_->headers.clear();
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  return transfer.stopped.ok() ? std::move(status) : std::move(transfer.stopped);
}

Status Connection::run(Transfer& transfer) {
  const WakenBy waken_by(transfer.limits.cancellation, *this);
  const Quiet guard;
  CURLM* const multi = handles_->multi.get();
  CURL* const easy = handles_->easy.get();
  transfer_ = &transfer;
  if (curl_multi_add_handle(multi, easy) != CURLM_OK) throw std::bad_alloc();
  const Taken taken{multi, easy, sockets_};
  return drive(transfer);
}

Status Connection::perform(int& running) {
  const OpensslUse use;
  if (!use) return OpensslUse::refusal();
  const CURLMcode code = curl_multi_perform(handles_->multi.get(), &running);
  return code == CURLM_OK ? Status() : fault_of(code);
}

Status Connection::drive(Transfer& transfer) {
  CURLM* const multi = handles_->multi.get();
  for (;;) {
    int running = 0;
    if (Status status = perform(running); !status) return status;
    if (running == 0) return outcome_of(transfer);
    if (transfer.is_cancelled()) return cancelled();
    const auto left = time_left(transfer);
    if (left <= milliseconds(0)) return timed_out(transfer);
    int ready = 0;
    if (const CURLMcode code = curl_multi_poll(multi, nullptr, 0, wait_of(left), &ready);
        code != CURLM_OK && errno != EINTR) {
      return fault_of(code);
    }
    if (ready > 0) transfer.last_byte = SteadyClock::now();
  }
}

// Until something must have happened.
milliseconds Connection::time_left(Transfer& transfer) const {
  const auto now = SteadyClock::now();
  auto end = transfer.limits.deadline;
  if (!transfer.connected) {
    curl_off_t since = 0;
    curl_easy_getinfo(handles_->easy.get(), CURLINFO_PRETRANSFER_TIME_T, &since);
    transfer.connected = since > 0;
    transfer.last_byte = now;
  }
  if (transfer.connected) end = std::min(end, transfer.last_byte + transfer.request.read_timeout);
  return std::chrono::ceil<milliseconds>(end - now);
}

bool Connection::pause(SteadyClock::time_point until, Cancellation* cancellation) {
  const WakenBy waken_by(cancellation, *this);
  for (;;) {
    if (cancellation != nullptr && cancellation->requested()) return false;
    const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
    if (left <= milliseconds(0)) return true;
    const int wait = wait_of(left);
    if (curl_multi_poll(handles_->multi.get(), nullptr, 0, wait, nullptr) != CURLM_OK) {
      std::this_thread::sleep_for(std::min(left, milliseconds(10)));  // better than to spin
    }
  }
}

// A handler has forked, and this is the child: what it was called from is the parent's exchange.
void Connection::leave_to_parent() noexcept {
  sockets_.leave_to_parent();
  try {
    transfer_->stopped = Status(Code::transport,
                                "the process was forked while it received the answer, which is "
                                "its parent's");
  } catch (...) {
    transfer_->thrown = std::current_exception();
  }
}

}  // namespace costmark::net
