#include "http/line.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "cleanse.hpp"
#include "http/broken_pipe.hpp"
#include "http/line_state.hpp"

namespace costmark::http {
namespace {

using std::chrono::milliseconds;

// Takes an exchange out again, also when it ends with an exception.
struct Taken {
  CURLM* multi;
  CURL* easy;
  ~Taken() { curl_multi_remove_handle(multi, easy); }
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

// What an exchange comes to, without an answer, when the server has closed the connection.
bool means_closed(CURLcode code) noexcept {
  switch (code) {
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:  // of HTTP/2
    case CURLE_HTTP2:
      return true;
    default:
      return false;
  }
}

}  // namespace

Error unusable(std::string what) {
  Error error{Code::transport, std::move(what)};
  error.retryable = true;
  return error;
}

Error cancelled() {
  return {Code::cancelled, "cancelled"};
}

LineConfig::~LineConfig() {
  cleanse(http_proxy);
  cleanse(https_proxy);
}

Line::Line(LineConfig config)
    : config_(std::move(config)),
      generation_(fork_generation()),
      handles_(std::make_unique<Handles>()) {
  start_curl();
  handles_->multi.reset(curl_multi_init());
  handles_->easy.reset(curl_easy_init());
  if (!handles_->multi || !handles_->easy) throw std::bad_alloc();
  // The connection that was used last, and no other.
  curl_multi_setopt(handles_->multi.get(), CURLMOPT_MAXCONNECTS, 1L);
}

Line::~Line() {
  if (inherited()) sockets_.leave_to_parent();
  const Quiet guard;
  handles_.reset();
}

bool Line::connected() const noexcept {
  return !sockets_.empty();
}

bool Line::inherited() const noexcept {
  return generation_ != fork_generation();
}

void Line::wake() noexcept {
  curl_multi_wakeup(handles_->multi.get());
}

Status Line::exchange(const Call& call, Head& head, Receiver& receiver) {
  head.clear();
  found_stale_ = false;
  if (Status status = set_up(call); !status) return status;
  Transfer transfer{call, head, receiver};
  Status status = run(transfer);
  handles_->headers.clear();
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  return transfer.stopped.ok() ? std::move(status) : std::move(transfer.stopped);
}

Status Line::run(Transfer& transfer) {
  const WakenBy waken_by(transfer.call.cancellation, *this);
  const Quiet guard;
  CURLM* const multi = handles_->multi.get();
  CURL* const easy = handles_->easy.get();
  transfer_ = &transfer;
  if (curl_multi_add_handle(multi, easy) != CURLM_OK) throw std::bad_alloc();
  const Taken taken{multi, easy};
  return drive(transfer);
}

Status Line::drive(Transfer& transfer) {
  CURLM* const multi = handles_->multi.get();
  for (;;) {
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK) {
      return fault_of(code);
    }
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

Status Line::outcome_of(const Transfer& transfer) {
  CURLcode code = CURLE_OK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(handles_->multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  CURL* const easy = handles_->easy.get();
  switch (code) {
    case CURLE_OK:
      if (transfer.head.status() != 0) return {};
      return unusable("the answer has no head");
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(transfer);
    case CURLE_URL_MALFORMAT:
      return {Code::invalid_url, "libcurl does not take the URL"};
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::invalid_option, "the CA bundle " + config_.ca_bundle +
                                        " is not a readable file of PEM certificates; set option "
                                        "'ca_bundle' or AWS_CA_BUNDLE to one"};
    default:
      break;
  }
  long connect_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (connect_status >= 300) {
    Error error{Code::transport,
                "the proxy refused the connection with status " + std::to_string(connect_status)};
    error.retryable = connect_status >= 500;
    return error;
  }
  if (!transfer.heard && (transfer.issued_again || (!transfer.opened && means_closed(code)))) {
    found_stale_ = true;
    return unusable(transfer.opened ? "the server refused the request without an answer"
                                    : "the server closed the kept connection without an answer");
  }
  if (transfer.issued_again) return unusable("the server asked for the request in another way");
  return failure_of(easy, code, handles_->text.data());
}

// Until something must have happened.
milliseconds Line::time_left(Transfer& transfer) const {
  const auto now = SteadyClock::now();
  auto end = transfer.call.deadline;
  if (!transfer.connected) {
    curl_off_t since = 0;
    curl_easy_getinfo(handles_->easy.get(), CURLINFO_PRETRANSFER_TIME_T, &since);
    transfer.connected = since > 0;
    transfer.last_byte = now;
  }
  if (transfer.connected) end = std::min(end, transfer.last_byte + transfer.call.read_timeout);
  return std::chrono::ceil<milliseconds>(end - now);
}

Error Line::timed_out(const Transfer& transfer) const {
  Error error{Code::timeout, "the time was up before the answer was complete"};
  error.retryable = true;
  if (!transfer.connected) {
    error.message =
        "no connection within " + std::to_string(handles_->time_to_connect.count()) + " ms";
  } else if (SteadyClock::now() < transfer.call.deadline) {
    error.message =
        "nothing came for " + std::to_string(transfer.call.read_timeout.count()) + " ms";
  }
  return error;
}

bool Line::pause(SteadyClock::time_point until, Cancellation* cancellation) {
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
void Line::leave_to_parent() noexcept {
  sockets_.leave_to_parent();
  try {
    transfer_->stopped = Status(Code::transport,
                                "the process was forked while it received the answer, which is "
                                "its parent's");
  } catch (...) {
    transfer_->thrown = std::current_exception();
  }
}

}  // namespace costmark::http
