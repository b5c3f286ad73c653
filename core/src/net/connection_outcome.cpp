// What an exchange comes to: success, or why it failed.
#include <chrono>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/timestamp.hpp"
#include "net/connection_state.hpp"

namespace costmark::net {
namespace {

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

// Of a line in the header that is longer than it takes, libcurl says the same as of the heap.
Error no_memory(CURL* handle) {
  long sent = 0;
  curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent);
  if (sent == 0) throw std::bad_alloc();
  return unusable("a line of the answer's header is too long, or memory ran out");
}

void append_system_error(CURL* handle, CURLcode code, std::string& message) {
  long number = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number);
  const bool has_one =
      code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
  if (!has_one || number == 0) return;
  message.append(" (").append(std::strerror(static_cast<int>(number))).append(")");
}

// What makes every certificate look too old or too new is a wrong clock.
void append_local_time(std::string& message) {
  const bool of_time = message.find("expired") != std::string::npos ||
                       message.find("not yet valid") != std::string::npos;
  if (!of_time) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  message += " (the local clock says " +
             format_timestamp(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + ")";
}

// libcurl's own text is repeated only where it speaks of certificates: others hold parts of what
// the peer sent, or a proxy's password.
Error error_of(CURL* handle, CURLcode code, const char* text) {
  if (code == CURLE_OUT_OF_MEMORY) return no_memory(handle);
  Error error = unusable(curl_easy_strerror(code));
  error.retryable = code != CURLE_PEER_FAILED_VERIFICATION;
  const bool of_tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR;
  if (of_tls && text[0] != '\0') error.message = text;
  if (code == CURLE_PEER_FAILED_VERIFICATION) append_local_time(error.message);
  append_system_error(handle, code, error.message);
  return error;
}

Error refused_by_proxy(long status) {
  Error error = unusable("the proxy refused the connection with status " + std::to_string(status));
  error.retryable = status >= 500;
  return error;
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

void Connection::Handles::read_result() noexcept {
  result = CURLE_OK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg == CURLMSG_DONE) result = message->data.result;
  }
}

Status Connection::outcome_of(const Transfer& transfer) {
  handles_->read_result();
  switch (handles_->result) {
    case CURLE_OK:
      if (transfer.head.status() != 0) return {};
      return unusable("the answer has no head");
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(transfer);
    case CURLE_URL_MALFORMAT:
      return {Code::invalid_url, "libcurl does not take the URL"};
    case CURLE_SSL_CACERT_BADFILE:
      return no_bundle();
    default:
      return failure_of(transfer);
  }
}

Error Connection::no_bundle() const {
  const auto& [path, setting] = config_.ca_bundle;
  return {Code::invalid_option, (setting.empty() ? "the CA bundle is " : setting + " names ") +
                                    path + ", which is not a readable file of PEM certificates"};
}

Error Connection::failure_of(const Transfer& transfer) {
  CURL* const easy = handles_->easy.get();
  const CURLcode code = handles_->result;
  long connect_status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  if (connect_status >= 300) return refused_by_proxy(connect_status);
  if (!transfer.heard && (transfer.issued_again || (!transfer.opened && means_closed(code)))) {
    found_stale_ = true;
    return unusable(transfer.opened ? "the server refused the request without an answer"
                                    : "the server closed the kept connection without an answer");
  }
  if (transfer.issued_again) return unusable("the server asked for the request in another way");
  return error_of(easy, code, handles_->text.data());
}

Error Connection::timed_out(const Transfer& transfer) const {
  const auto within = [](std::chrono::milliseconds time) {
    return std::to_string(time.count()) + " ms";
  };
  Error error{Code::timeout, {}};
  error.retryable = true;
  if (!transfer.connected) {
    error.message = "no connection within " + within(handles_->time_to_connect);
  } else if (SteadyClock::now() < transfer.limits.deadline) {
    error.message = "nothing came for " + within(transfer.request.read_timeout);
  } else {
    error.message = "no complete answer within " + within(transfer.request.timeout);
  }
  return error;
}

}  // namespace costmark::net
