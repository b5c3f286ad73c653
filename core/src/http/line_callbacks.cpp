#include <string>

#include "http/field.hpp"
#include "http/line_state.hpp"

namespace costmark::http {
namespace {

// Bytes of requests, a proxy's included.
long bytes_sent(const EasyHandle& easy) noexcept {
  long sent = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_REQUEST_SIZE, &sent);
  return sent;
}

}  // namespace

void Line::Callbacks::set(Setter& options, Line* line) {
  options.set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open);
  options.set(CURLOPT_OPENSOCKETDATA, line);
  options.set(CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close);
  options.set(CURLOPT_CLOSESOCKETDATA, line);
#if LIBCURL_VERSION_NUM >= 0x075000
  options.set(CURLOPT_PREREQFUNCTION, &Callbacks::issue);
  options.set(CURLOPT_PREREQDATA, line);
#endif
  options.set(CURLOPT_HEADERFUNCTION, &Callbacks::header);
  options.set(CURLOPT_HEADERDATA, line);
  options.set(CURLOPT_WRITEFUNCTION, &Callbacks::body);
  options.set(CURLOPT_WRITEDATA, line);
}

std::size_t Line::Callbacks::header(char* bytes, std::size_t, std::size_t size,
                                    void* line) noexcept {
  return guarded(*static_cast<Line*>(line), &take_header, {bytes, size});
}

std::size_t Line::Callbacks::body(char* bytes, std::size_t, std::size_t size, void* line) noexcept {
  return guarded(*static_cast<Line*>(line), &take_body, {bytes, size});
}

// Whatever is not the number of bytes makes libcurl give the exchange up.
std::size_t Line::Callbacks::guarded(Line& line, Status (*take)(Line&, std::string_view),
                                     std::string_view bytes) noexcept {
  constexpr std::size_t give_up = 0;
  Transfer& transfer = *line.transfer_;
  transfer.heard = true;
  try {
    if (transfer.wants_more()) transfer.stopped = take(line, bytes);
  } catch (...) {
    transfer.thrown = std::current_exception();
  }
  if (line.inherited()) line.leave_to_parent();
  transfer.last_byte = SteadyClock::now();  // however long it was taken to take this one
  return transfer.wants_more() ? bytes.size() : give_up;
}

Status Line::Callbacks::take_header(Line& line, std::string_view bytes) {
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

Status Line::Callbacks::take_body(Line& line, std::string_view bytes) {
  Transfer& transfer = *line.transfer_;
  if (transfer.head.status() == 0) return unusable("the answer has a body and no head");
  if (transfer.is_cancelled()) return cancelled();
  return bytes.empty() ? Status() : transfer.receiver.take_body(bytes);
}

// libcurl sends a request again by itself when the connection was a kept one and closed without an
// answer, or when HTTP/2 refused the stream. The server would see an exchange that nobody signed
// anew, and that nobody counts. What the server has seen nothing of may be sent again.
bool Line::Callbacks::is_sent_again(Line& line) noexcept {
  Transfer& transfer = *line.transfer_;
  if (!transfer.issued || bytes_sent(line.handles_->easy) == transfer.sent_before) return false;
  transfer.issued_again = true;
  return true;
}

curl_socket_t Line::Callbacks::open(void* line, curlsocktype, curl_sockaddr* address) noexcept {
  Line& self = *static_cast<Line*>(line);
  if (is_sent_again(self)) return CURL_SOCKET_BAD;
  self.transfer_->opened = true;
  return self.sockets_.open(*address);
}

int Line::Callbacks::close(void* line, curl_socket_t socket) noexcept {
  return static_cast<Line*>(line)->sockets_.close(socket);
}

#if LIBCURL_VERSION_NUM >= 0x075000
int Line::Callbacks::issue(void* line, char*, char*, int, int) noexcept {
  Line& self = *static_cast<Line*>(line);
  if (is_sent_again(self)) return CURL_PREREQFUNC_ABORT;
  self.transfer_->issued = true;
  self.transfer_->sent_before = bytes_sent(self.handles_->easy);
  return CURL_PREREQFUNC_OK;
}
#endif

}  // namespace costmark::http
