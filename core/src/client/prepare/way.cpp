#include "client/prepare/way.hpp"

#include "attribution/path_model.hpp"
#include "client/prepare/route_policy.hpp"

namespace costmark::client {
namespace {

// The same parts of another text that says the same.
Url in_text(Url url, std::string_view from, std::string_view to) noexcept {
  for (std::string_view* const part :
       {&url.scheme, &url.authority, &url.host, &url.path, &url.query}) {
    if (part->empty()) continue;
    *part = to.substr(static_cast<std::size_t>(part->data() - from.data()), part->size());
  }
  return url;
}

}  // namespace

bool Way::is_of(const Settings& settings, const Request& request,
                attribution::Work work) const noexcept {
  return settings_ == &settings && work_ == work && text_ == request.url &&
         method_ == request.method;
}

Status Way::find(const Settings& settings, const Request& request, attribution::Work work) {
  if (is_of(settings, request, work)) {
    url_ = in_text(url_of_text_, text_, request.url);
    return {};
  }
  settings_ = nullptr;
  const Result<Url> url = parse_url(request.url);
  if (!url) return url.error();
  url_ = url.value();
  const Result<attribution::Endpoint> endpoint = settings.endpoint_of(url_);
  if (!endpoint) return endpoint.error();
  endpoint_ = endpoint.value();
  if (Status status = settings.check_covered(url_, endpoint_); !status) return status;
  path_.read(url_.path);
  route_ = route_under(settings, request.method, path_, work);
  model_.clear();
  if (route_.inference() && is_of_runtime(route_.api)) {
    attribution::read_path_model(url_.path, path_, model_);
  }
  if (!url_.query.empty()) return {};  // differs from call to call, and may be a secret
  text_ = request.url;
  method_ = request.method;
  work_ = work;
  url_of_text_ = in_text(url_, request.url, text_);
  settings_ = &settings;
  return {};
}

}  // namespace costmark::client
