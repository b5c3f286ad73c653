#include "credentials/source_context.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "base/waiting.hpp"
#include "credentials/config/shared_files.hpp"
#include "net/transport.hpp"

namespace costmark {
namespace {

class LimitedTransport final : public http::Transport {
 public:
  LimitedTransport(std::shared_ptr<http::Transport> inner, const Wait& wait)
      : inner_(std::move(inner)), wait_(wait) {}

  Result<http::Response> send(const http::Request& request) override {
    if (is_over(wait_)) return ended();
    http::Request limited = request;
    limited.wait = wait_;
    Result<http::Response> answer = inner_->send(limited);
    return answer || !is_over(wait_) ? std::move(answer) : ended();
  }

  void pause(std::chrono::milliseconds time) override { costmark::pause(time, wait_); }

 private:
  static Error ended() { return {Code::cancelled, "the call did not wait for the answer"}; }

  const std::shared_ptr<http::Transport> inner_;
  const Wait wait_;
};

}  // namespace

SourceContext SourceContext::within(const Wait& wait) const {
  SourceContext limited = *this;
  if (!may_end(wait)) return limited;
  limited.transport = std::make_shared<LimitedTransport>(transport, wait);
  limited.process.wait = wait;
  return limited;
}

SourceContext source_context(Environment environment) {
  constexpr std::string_view variable = "AWS_CA_BUNDLE";
  const std::string bundle = config::variable(environment, variable);
  std::string path = config::expand_path(bundle, environment);
  // Not expandable: a file that is not there, never the system's certificates in its place.
  if (path.empty()) path = bundle;
  auto transport = net::network_transport({net::Version::http_1_1,
                                           net::proxies_of(environment),
                                           {std::move(path), std::string(variable)}});
  return {std::move(environment), std::move(transport)};
}

}  // namespace costmark
