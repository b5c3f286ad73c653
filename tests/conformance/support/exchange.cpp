#include "conformance/support/exchange.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace conformance {
namespace {

struct Freed {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

char lowered(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

// The answer of one exchange, as libcurl tells it line by line.
class Incoming {
 public:
  explicit Incoming(AnswerTaker& taker) : taker_(taker) {}

  bool take_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      fields_.clear();
      status_ = 0;
      const auto digits = line.substr(std::min(line.find(' ') + 1, line.size()), 3);
      std::from_chars(digits.data(), digits.data() + digits.size(), status_);
      return true;
    }
    if (trimmed(line).empty()) return take_head();
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    fields_.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
  }

  bool take_piece(std::string_view piece) {
    is_stopped_ = !taker_.take_piece(piece);
    return !is_stopped_;
  }

  ExchangeEnd end(CURLcode code) const noexcept {
    if (is_stopped_) return ExchangeEnd::stopped;
    if (code == CURLE_OK) return ExchangeEnd::complete;
    return has_head_ ? ExchangeEnd::broken_off : ExchangeEnd::no_answer;
  }

 private:
  bool take_head() {
    std::vector<Header> views;
    views.reserve(fields_.size());
    for (const auto& [name, value] : fields_) views.push_back({name, value});
    if (!has_head_) is_stopped_ = !taker_.take_head(status_, views);
    has_head_ = status_ >= 200;
    return !is_stopped_;
  }

  AnswerTaker& taker_;
  std::vector<std::pair<std::string, std::string>> fields_;
  int status_ = 0;
  bool has_head_ = false;
  bool is_stopped_ = false;
};

std::size_t on_line(char* data, std::size_t size, std::size_t count, void* incoming) {
  const std::size_t length = size * count;
  return static_cast<Incoming*>(incoming)->take_line({data, length}) ? length : 0;
}

std::size_t on_piece(char* data, std::size_t size, std::size_t count, void* incoming) {
  const std::size_t length = size * count;
  return static_cast<Incoming*>(incoming)->take_piece({data, length}) ? length : 0;
}

std::unique_ptr<curl_slist, Freed> list_of(const Outgoing& request) {
  std::unique_ptr<curl_slist, Freed> list;
  const auto add = [&list](const std::string& line) {
    curl_slist* const head = list.release();  // the first one, whose address stays
    list.reset(curl_slist_append(head, line.c_str()));
  };
  // What libcurl would make up.
  for (const char* none : {"Expect:", "Accept:", "Content-Type:"}) {
    const std::string_view name =
        std::string_view(none).substr(0, std::string_view(none).find(':'));
    bool is_given = false;
    for (const Header& header : request.headers) {
      is_given = is_given || equal_ignoring_case(header.name, name);
    }
    if (!is_given) add(none);
  }
  for (const Header& header : request.headers) {
    const bool empty = header.value.empty();
    add(std::string(header.name) + (empty ? ";" : ": " + std::string(header.value)));
  }
  return list;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lowered, lowered);
}

ExchangeEnd exchange(const Outgoing& request, AnswerTaker& answer) {
  Incoming incoming(answer);
  const std::unique_ptr<CURL, Freed> easy(curl_easy_init());
  const auto headers = list_of(request);
  curl_easy_setopt(easy.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(easy.get(), CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, on_line);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &incoming);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, on_piece);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &incoming);
  if (request.method != "GET" || !request.body.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  return incoming.end(curl_easy_perform(easy.get()));
}

}  // namespace conformance
