#include "http/transport.hpp"

namespace costmark::http {

std::string origin_of(const Url& url) {
  std::string text = url.https ? "https://" : "http://";
  append_host_header(url, text);
  return text;
}

}  // namespace costmark::http
