#include <string>

#include "http/field.hpp"
#include "net/connection_state.hpp"

namespace costmark::net {
namespace {

// Bytes of requests, a proxy's included.
long bytes_sent(const EasyHandle& easy) noexcept {
  long sent = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_REQUEST_SIZE, &sent);
  return sent;
}

}  // namespace

void Connection::Callbacks::set(Setter& options, Connection* connection) {
  options.set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open);
  options.set(CURLOPT_OPENSOCKETDATA, connection);
  options.set(CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close);
  options.set(CURLOPT_CLOSESOCKETDATA, connection);
#if LIBCURL_VERSION_NUM >= 0x075000
  options.set(CURLOPT_PREREQFUNCTION, &Callbacks::issue);
  options.set(CURLOPT_PREREQDATA, connection);
#endif
  options.set(CURLOPT_HEADERFUNCTION, &Callbacks::header);
  options.set(CURLOPT_HEADERDATA, connection);
  options.set(CURLOPT_WRITEFUNCTION, &Callbacks::body);
  options.set(CURLOPT_WRITEDATA, connection);
}

std::size_t Connection::Callbacks::header(char* bytes, std::size_t, std::size_t size,
                                          void* connection) noexcept {
  return guarded(*static_cast<Connection*>(connection), &take_header, {bytes, size});
}

std::size_t Connection::Callbacks::body(char* bytes, std::size_t, std::size_t size,
                                        void* connection) noexcept {
  return guarded(*static_cast<Connection*>(connection), &take_body, {bytes, size});
}

// Whatever is not the number of bytes makes libcurl give the exchange up.
std::size_t Connection::Callbacks::guarded(Connection& self,
                                           Status (*take)(Connection&, std::string_view),
                                           std::string_view bytes) noexcept {
  constexpr std::size_t give_up = 0;
  Transfer& transfer = *self.transfer_;
  transfer.heard = true;
  try {
    if (transfer.wants_more()) transfer.stopped = take(self, bytes);
  } catch (...) {
    transfer.thrown = std::current_exception();
  }
  if (self.inherited()) self.leave_to_parent();
  transfer.last_byte = SteadyClock::now();  // however long it was taken to take this one
  return transfer.wants_more() ? bytes.size() : give_up;
}

Status Connection::Callbacks::take_header(Connection& self, std::string_view bytes) {
  Transfer& transfer = *self.transfer_;
  const bool over = http::trimmed(bytes).empty() && transfer.head.status() == 0;
  if (!transfer.head.add(bytes)) {
    return unusable("the answer's header is larger than " + std::to_string(http::largest_header) +
                    " bytes");
  }
  if (!over) return {};
  long status = 0;
  curl_easy_getinfo(self.handles_->easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200) return {};  // an interim answer
  transfer.head.complete(static_cast<int>(status));
  const std::string_view encoding = transfer.head.field("content-encoding");
  const bool plain = encoding.empty() || equal_ignoring_case(encoding, "identity");
  return transfer.receiver.take_head(!plain && !self.handles_->decodes);
}

Status Connection::Callbacks::take_body(Connection& self, std::string_view bytes) {
  Transfer& transfer = *self.transfer_;
  if (transfer.head.status() == 0) return unusable("the answer has a body and no head");
  if (transfer.is_cancelled()) return cancelled();
  return bytes.empty() ? Status() : transfer.receiver.take_body(bytes);
}

// libcurl sends a request again by itself when the connection was a kept one and closed without an
// answer, or when HTTP/2 refused the stream. The server would see an exchange that was not signed
// anew and is not counted. A request of which no byte was sent may be sent again.
bool Connection::Callbacks::is_sent_again(Connection& self) noexcept {
  Transfer& transfer = *self.transfer_;
  if (!transfer.issued || bytes_sent(self.handles_->easy) == transfer.sent_before) return false;
  transfer.issued_again = true;
  return true;
}

curl_socket_t Connection::Callbacks::open(void* connection, curlsocktype,
                                          curl_sockaddr* address) noexcept {
  Connection& self = *static_cast<Connection*>(connection);
  if (is_sent_again(self)) return CURL_SOCKET_BAD;
  self.transfer_->opened = true;
  return self.sockets_.open(*address);
}

int Connection::Callbacks::close(void* connection, curl_socket_t socket) noexcept {
  return static_cast<Connection*>(connection)->sockets_.close(socket);
}

#if LIBCURL_VERSION_NUM >= 0x075000
int Connection::Callbacks::issue(void* connection, char*, char*, int, int) noexcept {
  Connection& self = *static_cast<Connection*>(connection);
  if (is_sent_again(self)) return CURL_PREREQFUNC_ABORT;
  self.transfer_->issued = true;
  self.transfer_->sent_before = bytes_sent(self.handles_->easy);
  return CURL_PREREQFUNC_OK;
}
#endif

}  // namespace costmark::net
