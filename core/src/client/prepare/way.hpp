// Where a request goes, and what its path asks for there.
#pragma once

#include <string>

#include "attribution/endpoint.hpp"
#include "attribution/lenient_path.hpp"
#include "attribution/route.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

// What URL, method and kind of work of a request say, under the settings of a client. Most calls
// repeat those of the call before: then nothing is read anew. One thread at a time.
class Way {
 public:
  // Errors: invalid_url, endpoint_mismatch.
  Status find(const Settings& settings, const Request& request, attribution::Work work);

  // Views of the URL of the request that it was found for.
  const Url& url() const noexcept { return url_; }
  const attribution::Endpoint& endpoint() const noexcept { return endpoint_; }
  const attribution::LenientPath& path() const noexcept { return path_; }
  const attribution::Route& route() const noexcept { return route_; }
  // The model that the path names, of APIs that name it there.
  const std::string& model() const noexcept { return model_; }

 private:
  bool is_of(const Settings& settings, const Request& request,
             attribution::Work work) const noexcept;

  // Whose way it is: of settings that live on while the way does. Null: no one's.
  const Settings* settings_ = nullptr;
  std::string text_;  // of the URL
  std::string method_;
  attribution::Work work_ = attribution::Work::none;

  Url url_of_text_;  // views of `text_`
  Url url_;
  attribution::Endpoint endpoint_;
  attribution::LenientPath path_;
  attribution::Route route_;
  std::string model_;
};

}  // namespace costmark::client
