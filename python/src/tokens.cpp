// Short-term Bedrock API keys, cached.
#include <chrono>
#include <cstdint>
#include <utility>

#include "bindings.hpp"
#include "callbacks.hpp"
#include "costmark/bearer_token.hpp"
#include "costmark/bearer_token_cache.hpp"
#include "costmark/client.hpp"
#include "costmark/environment.hpp"

namespace costmark::python {
namespace {

UnixSeconds system_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A number that does not fit is out of the core's range in any case; the core says so.
std::int64_t whole_number(const py::object& number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  if (overflow == 0) return value;
  return overflow > 0 ? INT64_MAX : INT64_MIN;
}

// As a client finds it when its host names none.
std::string region_of(py::handle given, const Options& options, const Environment& environment) {
  std::string region(optional_text_view(given, "region"));
  if (region.empty()) region = options.text("region");
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (region.empty()) region = environment(variable).value_or("");
  }
  if (region.empty()) region = check(profile_region(environment, options.text("profile"))).name;
  if (region.empty()) {
    raise({Code::invalid_option, "no region to make a token for: pass region, or set AWS_REGION"});
  }
  return region;
}

// What the credentials' cache says inside the core, until there is a GIL to log it with.
thread_local std::vector<std::string> waiting_warnings;

class PyBearerTokens {
 public:
  PyBearerTokens(py::handle region, const py::object& expires_in, const py::object& credentials,
                 const py::object& warn)
      : warn_(kept_.keep(warn)) {
    const auto environment = process_environment();
    Options options;
    check(options.load_environment(environment));
    BearerTokenConfig config;
    config.region = region_of(region, options, environment);
    config.expires_in_s = whole_number(expires_in);
    config.credentials = check(
        configured_credentials(options, environment, credentials_provider(credentials, kept_)));
    config.on_refresh_failure = [](const Error& error) {
      waiting_warnings.push_back("credentials could not be refreshed, those at hand still serve: " +
                                 error.message);
    };
    cache_ = check(BearerTokenCache::create(std::move(config)));
  }

  // None: only with `alone`, while another thread fetches what this one would wait for.
  py::object get(std::optional<UnixSeconds> time, bool alone) {
    forget_exception();
    Wait wait;
    wait.alone = alone;
    Result<BearerTokenPtr> token = BearerTokenPtr();
    {
      const GilReleased released;
      token = cache_->get(time.value_or(system_time()), wait);
    }
    for (const auto& warning : std::exchange(waiting_warnings, {})) warn_(warning);
    if (!token && token.error().code == Code::would_block) return py::none();
    const BearerTokenPtr good = check(std::move(token));
    raise_interruption();
    return py::make_tuple(py::str(good->text().data(), good->text().size()), good->expires_at());
  }

  bool invalidate(py::handle token, std::optional<UnixSeconds> time) {
    return cache_->invalidate(text_view(token, "token"), time.value_or(system_time()));
  }

  int traverse(visitproc visit, void* argument) const { return kept_.traverse(visit, argument); }
  void clear() { kept_.clear(); }

 private:
  KeptCallbacks kept_;
  Callback warn_;
  std::unique_ptr<BearerTokenCache> cache_;
};

}  // namespace

void bind_tokens(py::module_& module) {
  py::class_<PyBearerTokens>(module, "BearerTokens",
                             "Makes short-term Bedrock API keys and keeps the newest.",
                             collectable<PyBearerTokens>())
      .def(py::init<py::handle, const py::object&, const py::object&, const py::object&>(),
           py::arg("region"), py::arg("expires_in"), py::arg("credentials"), py::arg("warn"))
      .def("get", &PyBearerTokens::get, py::arg("time") = py::none(), py::arg("alone") = false)
      .def("invalidate", &PyBearerTokens::invalidate, py::arg("token"),
           py::arg("time") = py::none());
}

}  // namespace costmark::python
