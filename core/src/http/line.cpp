#include "http/line.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "cleanse.hpp"
#include "costmark/url.hpp"
#include "http/broken_pipe.hpp"
#include "http/curl.hpp"
#include "http/encoding.hpp"
#include "http/field.hpp"

namespace costmark::http {
namespace {

using std::chrono::milliseconds;

struct CloseMulti {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};

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

long to_libcurl(Version version) noexcept {
  switch (version) {
    case Version::http_1_1:
      return CURL_HTTP_VERSION_1_1;
    case Version::http_2:
      return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    case Version::automatic:
      break;
  }
  return speaks_http_2() ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
}

// libcurl 7.87 and 7.88 break an HTTP/2 connection without TLS when they use it again
// (https://github.com/curl/curl/pull/10643).
bool must_not_be_kept(const Url& url, Version version) noexcept {
  const unsigned libcurl = curl_version_info(CURLVERSION_NOW)->version_num;
  return version == Version::http_2 && !url.https && libcurl >= 0x075700 && libcurl < 0x080000;
}

Status unusable(std::string what) {
  Error error{Code::transport, std::move(what)};
  error.retryable = true;
  return error;
}

Status cancelled() {
  return {Code::cancelled, "cancelled"};
}

Status fault_of(CURLMcode code) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  return {Code::internal, curl_multi_strerror(code)};
}

bool decodes_answer(std::span<const Header> headers) noexcept {
  bool asked = false;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, "accept-encoding")) continue;
    if (!decodes_all(header.value)) return false;
    asked = true;
  }
  return asked;
}

milliseconds time_to_connect(const Call& call) noexcept {
  const auto left = std::chrono::ceil<milliseconds>(call.deadline - SteadyClock::now());
  return std::clamp(left, milliseconds(1), std::max(call.connect_timeout, milliseconds(1)));
}

int wait_of(milliseconds time) noexcept {
  constexpr auto most = milliseconds(std::chrono::hours(24));
  return static_cast<int>(std::min(time, most).count());
}

}  // namespace

bool speaks_http_2() noexcept {
  return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
}

LineConfig::~LineConfig() {
  cleanse(http_proxy);
  cleanse(https_proxy);
}

// What libcurl holds for a line, and what it reads while it does.
struct Line::Handles {
  std::string url;
  std::string method;
  HeaderLines headers;
  std::array<char, CURL_ERROR_SIZE> text{};
  milliseconds time_to_connect{};
  bool decodes = false;
  bool is_current = false;  // libcurl was given all of the last exchange
  bool is_set_up = false;
  std::unique_ptr<CURLM, CloseMulti> multi;
  EasyHandle easy;  // first to go: it points to all of the others
};

// One exchange in progress.
struct Line::Transfer {
  const Call& call;
  Head& head;
  Receiver& receiver;
  SteadyClock::time_point last_byte = SteadyClock::now();
  bool connected = false;
  Status stopped{};  // why the receiver, or this side, wants no more of it
  std::exception_ptr thrown{};

  bool wants_more() const noexcept { return stopped.ok() && !thrown; }
  bool is_cancelled() const noexcept {
    return call.cancellation != nullptr && call.cancellation->requested();
  }
};

// What libcurl calls.
struct Line::Callbacks {
  static std::size_t header(char* bytes, std::size_t, std::size_t size, void* line) noexcept {
    return guarded(*static_cast<Line*>(line), &take_header, {bytes, size});
  }
  static std::size_t body(char* bytes, std::size_t, std::size_t size, void* line) noexcept {
    return guarded(*static_cast<Line*>(line), &take_body, {bytes, size});
  }

  // Whatever is not the number of bytes makes libcurl give the exchange up.
  static std::size_t guarded(Line& line, Status (*take)(Line&, std::string_view),
                             std::string_view bytes) noexcept {
    constexpr std::size_t give_up = 0;
    Transfer& transfer = *line.transfer_;
    try {
      if (transfer.wants_more()) transfer.stopped = take(line, bytes);
    } catch (...) {
      transfer.thrown = std::current_exception();
    }
    if (line.inherited()) line.leave_to_parent();
    transfer.last_byte = SteadyClock::now();  // however long it was taken to take this one
    return transfer.wants_more() ? bytes.size() : give_up;
  }

  static Status take_header(Line& line, std::string_view bytes) {
    Transfer& transfer = *line.transfer_;
    const bool over = trimmed(bytes).empty() && transfer.head.status() == 0;
    if (!transfer.head.add(bytes)) {
      return unusable("the answer's header is larger than " + std::to_string(largest_header) +
                      " bytes");
    }
    if (!over) return {};
    long status = 0;
    curl_easy_getinfo(line.handles_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return {};  // an interim answer
    transfer.head.complete(static_cast<int>(status));
    const std::string_view encoding = transfer.head.field("content-encoding");
    const bool plain = encoding.empty() || equal_ignoring_case(encoding, "identity");
    return transfer.receiver.take_head(!plain && !line.handles_->decodes);
  }

  static Status take_body(Line& line, std::string_view bytes) {
    Transfer& transfer = *line.transfer_;
    if (transfer.head.status() == 0) return unusable("the answer has a body and no head");
    if (transfer.is_cancelled()) return cancelled();
    return bytes.empty() ? Status() : transfer.receiver.take_body(bytes);
  }

  static curl_socket_t open(void* line, curlsocktype, curl_sockaddr* address) noexcept {
    std::vector<int>& sockets = static_cast<Line*>(line)->sockets_;
    try {
      sockets.reserve(sockets.size() + 1);
    } catch (...) {
      return CURL_SOCKET_BAD;
    }
    const int made = open_socket(*address);
    if (made >= 0) sockets.push_back(made);
    return made;
  }

  static int close(void* line, curl_socket_t socket) noexcept {
    return std::erase(static_cast<Line*>(line)->sockets_, socket) == 0 ? 0 : ::close(socket);
  }
};

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
  if (inherited()) disconnect();
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

// What stays the same from exchange to exchange.
Status Line::set_up() {
  Setter options(handles_->easy.get());
  set_manners(options);
  set_security(options, config_.ca_bundle);
  options.set(CURLOPT_ERRORBUFFER, handles_->text.data());
  options.set(CURLOPT_HTTP_VERSION, to_libcurl(config_.version));
  options.set(CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  options.set(CURLOPT_QUICK_EXIT, 1L);  // no waiting for a resolver that nobody waits for
#endif
  options.set(CURLOPT_NOPROXY, config_.no_proxy.c_str());
  options.set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open);
  options.set(CURLOPT_OPENSOCKETDATA, this);
  options.set(CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close);
  options.set(CURLOPT_CLOSESOCKETDATA, this);
  options.set(CURLOPT_HEADERFUNCTION, &Callbacks::header);
  options.set(CURLOPT_HEADERDATA, this);
  options.set(CURLOPT_WRITEFUNCTION, &Callbacks::body);
  options.set(CURLOPT_WRITEDATA, this);
  return options.result();
}

Status Line::set_up(const Call& call) {
  if (Status status = check_request(call.method, call.headers); !status) return status;
  Handles& own = *handles_;
  if (!own.is_set_up) {
    if (Status status = set_up(); !status) return status;
    own.is_set_up = true;
  }
  own.method = call.method;
  own.headers.clear();
  take_headers(call.headers, own.headers);
  own.text[0] = '\0';

  // What libcurl would copy is given to it only where it changes.
  const bool is_new = !std::exchange(own.is_current, false);
  Setter options(own.easy.get());
  set_request(options, own.method, call.body);
  options.set(CURLOPT_HTTPHEADER, own.headers.list());
  own.time_to_connect = time_to_connect(call);
  options.set(CURLOPT_CONNECTTIMEOUT_MS, limit_ms(own.time_to_connect));
  if (is_new || own.url != call.url) {
    const Result<Url> url = parse_url(call.url);
    if (!url) return url.error();
    own.url = call.url;
    options.set(CURLOPT_URL, own.url.c_str());
    const bool https = url.value().https;
    options.set(CURLOPT_PROXY, (https ? config_.https_proxy : config_.http_proxy).c_str());
    options.set(CURLOPT_FORBID_REUSE, must_not_be_kept(url.value(), config_.version) ? 1L : 0L);
  }
  if (const bool decodes = decodes_answer(call.headers); is_new || own.decodes != decodes) {
    own.decodes = decodes;
    // What is sent is the caller's own field.
    options.set(CURLOPT_ACCEPT_ENCODING, decodes ? "gzip" : static_cast<const char*>(nullptr));
  }
  Status status = options.result();
  own.is_current = status.ok();
  return status;
}

Status Line::exchange(const Call& call, Head& head, Receiver& receiver) {
  head.clear();
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
  disconnect();
  try {
    transfer_->stopped = Status(Code::transport,
                                "the process was forked while it received the answer, which is "
                                "its parent's");
  } catch (...) {
    transfer_->thrown = std::current_exception();
  }
}

// Nothing that this process still does may reach the parent's connections, not even a goodbye:
// in place of each socket comes one that leads nowhere, for libcurl to write to and to close.
void Line::disconnect() noexcept {
  const int nowhere = ::socket(AF_UNIX, SOCK_STREAM, 0);
  for (const int socket : sockets_) {
    if (nowhere >= 0 && ::dup2(nowhere, socket) >= 0) {
      ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    } else {
      ::close(socket);
    }
  }
  if (nowhere < 0) sockets_.clear();
  if (nowhere >= 0) ::close(nowhere);
}

}  // namespace costmark::http
