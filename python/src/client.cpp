// Clients, and what they are made of.
#include "costmark/client.hpp"

#include <chrono>
#include <utility>

#include "bindings.hpp"
#include "callbacks.hpp"
#include "client_config.hpp"
#include "core_call.hpp"
#include "fast_method.hpp"
#include "given_request.hpp"
#include "operation.hpp"
#include "usage.hpp"
#include "verify.hpp"

namespace costmark::python {
namespace {

// --- Clients ---------------------------------------------------------------------------------

// Takes the GIL, calls, and keeps what the callback raised for the code that is told of the error.
template <class Value, class Convert>
Result<Value> call_back(const Callback& callback, const char* what, Convert convert) {
  const GilHeld gil;
  try {
    return convert(callback());
  } catch (py::error_already_set& exception) {
    return keep_exception(exception, Code::no_credentials, what);
  } catch (const py::value_error& error) {
    return Error{Code::no_credentials, std::string(what) + ": " + error.what()};
  }
}

Status wrong_type(std::string_view who, const py::object& value, std::string_view right) {
  return {Code::no_credentials, std::string(who) + " returned " + Py_TYPE(value.ptr())->tp_name +
                                    " instead of " + std::string(right)};
}

}  // namespace

CredentialsProviderPtr credentials_provider(const py::object& given, KeptCallbacks& kept) {
  if (given.is_none()) return nullptr;
  if (py::isinstance<PyCredentials>(given)) {
    return static_credentials(given.cast<const PyCredentials&>().value);
  }
  if (PyCallable_Check(given.ptr()) == 0) {
    throw py::type_error(
        std::string(
            "credentials takes a costmark.Credentials, or a callable that returns one, not ") +
        Py_TYPE(given.ptr())->tp_name);
  }
  return callback_credentials([callback = kept.keep(given)] {
    constexpr const char* who = "the credentials callback";
    return call_back<CredentialsPtr>(callback, who,
                                     [](const py::object& value) -> Result<CredentialsPtr> {
                                       if (py::isinstance<PyCredentials>(value)) {
                                         return value.cast<const PyCredentials&>().value;
                                       }
                                       return wrong_type(who, value, "costmark.Credentials");
                                     });
  });
}

namespace {

std::function<Result<std::string>()> bearer_source(const py::object& callable,
                                                   KeptCallbacks& kept) {
  if (callable.is_none()) return nullptr;
  return [callback = kept.keep(callable)] {
    constexpr const char* who = "the bearer token callback";
    return call_back<std::string>(callback, who,
                                  [](const py::object& value) -> Result<std::string> {
                                    if (!py::isinstance<py::str>(value)) {
                                      return wrong_type(who, value, "str");
                                    }
                                    return std::string(text_view(value, "what it returned"));
                                  });
  };
}

std::function<void(std::string_view)> refusal_listener(const py::object& callable,
                                                       KeptCallbacks& kept) {
  if (callable.is_none()) return nullptr;
  return [callback = kept.keep(callable)](std::string_view token) {
    const GilHeld gil;
    tell("costmark bearer token callback", [&] { callback(as_text(token)); });
  };
}

std::function<void(const AttemptReport&)> usage_listener(const py::object& callable,
                                                         KeptCallbacks& kept) {
  if (callable.is_none()) return nullptr;
  return [callback = kept.keep(callable)](const AttemptReport& report) {
    const GilHeld gil;
    tell("costmark usage callback", [&] { callback(as_dict(report)); });
  };
}

Environment environment_of(const py::object& mapping) {
  if (mapping.is_none()) return nullptr;
  return [values = mapping.cast<std::map<std::string, std::string, std::less<>>>()](
             std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

}  // namespace

ClientConfig client_config(const GivenConfig& given, KeptCallbacks& kept) {
  ClientConfig config;
  for (const auto& [name, value] : given.options) {
    check(config.options.set(text_view(name, "an option's name"),
                             text_view(value, "an option's value")));
  }
  config.credentials = credentials_provider(given.credentials, kept);
  config.bearer_token = bearer_source(given.bearer_token, kept);
  config.bearer_token_refused = refusal_listener(given.bearer_token_refused, kept);
  config.environment = environment_of(given.environment);
  config.log = log_to(given.log, kept);
  return config;
}

namespace {

class PyClient {
 public:
  PyClient(const py::dict& options, const py::object& credentials, const py::object& bearer_token,
           const py::object& bearer_token_refused, std::string host_api_key,
           std::shared_ptr<UsageCounters> counters, const py::object& log,
           const py::object& environment, const py::object& on_usage) {
    ClientConfig config = client_config(
        {options, credentials, bearer_token, bearer_token_refused, log, environment}, kept_);
    config.host_api_key = std::move(host_api_key);
    config.counters = std::move(counters);
    config.on_usage = usage_listener(on_usage, kept_);
    client_ = check(in_core(false, [&] { return Client::create(std::move(config)); }));
    pool_ = std::make_shared<OperationPool>(client_);
  }

  // (operation, whether it is ready). One that comes after another client's has its id.
  py::tuple begin(py::object self, py::object method, const py::object& url, py::handle headers,
                  py::object body, py::object scope, py::object project, bool no_wait,
                  PyOperation* after, py::object labels) {
    py::object made = new_operation(std::move(self), pool_);
    auto& operation = object_in<PyOperation>(made.ptr());
    GivenRequest request(std::move(method), url, headers, std::move(body), std::move(project),
                         std::move(scope), std::move(labels));
    const bool is_ready = after != nullptr
                              ? operation.begin_beside(*after, std::move(request), no_wait)
                              : operation.begin(std::move(request), no_wait);
    return py::make_tuple(std::move(made), is_ready);
  }

  void check_only(py::object method, const py::object& url, py::handle headers, py::object body,
                  py::object project, py::object scope) {
    const GivenRequest request(std::move(method), url, headers, std::move(body), std::move(project),
                               std::move(scope));
    const Request views = request.views();
    Prepared scratch;
    check(with_callbacks([&] { return client_->check(views, scratch); }));
  }

  py::dict verify(py::handle project, py::handle model, py::handle api, py::handle url,
                  py::handle headers, bool force, double timeout) {
    const bool in_range = timeout > 0 && timeout <= 3600;  // which NaN is not
    if (!in_range) {
      throw py::value_error("timeout takes seconds, more than 0 and at most 3600");
    }
    const py::tuple fields = header_tuple(headers);
    std::vector<Header> views;
    header_views(fields, views);
    VerifyRequest request;
    request.project = optional_text_view(project, "project");
    request.model = optional_text_view(model, "model");
    request.api = api_named(optional_text_view(api, "api"));
    request.url = optional_text_view(url, "url");
    request.headers = views;
    request.force = force;
    request.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000) + 1);
    const Verification found = check(with_callbacks([&] { return client_->verify(request); }));
    return as_dict(found);
  }

  const std::shared_ptr<OperationPool>& pool() const noexcept { return pool_; }

  py::dict usage() const { return rows_by_project(client_->usage()); }

  int traverse(visitproc visit, void* argument) const { return kept_.traverse(visit, argument); }
  void clear() { kept_.clear(); }

 private:
  KeptCallbacks kept_;
  std::shared_ptr<Client> client_;
  std::shared_ptr<OperationPool> pool_;
};

std::unique_ptr<PyClient> make_client(const py::dict& options, const py::object& credentials,
                                      const py::object& bearer_token,
                                      const py::object& bearer_token_refused,
                                      std::string host_api_key,
                                      std::shared_ptr<UsageCounters> counters,
                                      const py::object& log, const py::object& environment,
                                      const py::object& on_usage) {
  return std::make_unique<PyClient>(options, credentials, bearer_token, bearer_token_refused,
                                    std::move(host_api_key), std::move(counters), log, environment,
                                    on_usage);
}

// (method, url, headers, body, scope=None, project=None, no_wait=False, after=None, labels=None)
py::object begin(PyClient& client, const Arguments& given) {
  const auto optional = [&given](Py_ssize_t index) {
    return given.has(index) ? given[index] : py::none();
  };
  PyOperation* const after = operation_or_null(optional(7));
  if (after == nullptr && !optional(7).is_none()) {
    throw py::type_error("what a call goes on from is an Operation");
  }
  return client.begin(given.self(), given[0], given[1], given[2], given[3], optional(4),
                      optional(5), given.flag(6), after, optional(8));
}

}  // namespace

std::shared_ptr<OperationPool> pool_of(py::handle client) {
  if (!py::isinstance<PyClient>(client)) throw py::type_error("events follow a Client of the core");
  return client.cast<PyClient&>().pool();
}

void bind_client(py::module_& module) {
  py::class_<PyClient> type(module, "Client", "Attributes, signs and accounts for requests.",
                            collectable<PyClient>());
  add_fast_method<PyClient, &begin, Takes{4, 9}>(type, "begin");
  type.def(py::init(&make_client), py::arg("options") = py::dict(), py::kw_only(),
           py::arg("credentials") = py::none(), py::arg("bearer_token") = py::none(),
           py::arg("bearer_token_refused") = py::none(), py::arg("host_api_key") = "",
           py::arg("counters") = py::none(), py::arg("log") = py::none(),
           py::arg("environment") = py::none(), py::arg("on_usage") = py::none())
      .def("check", &PyClient::check_only, py::arg("method"), py::arg("url"), py::arg("headers"),
           py::arg("body"), py::arg("project") = py::none(), py::arg("scope") = py::none())
      .def("verify", &PyClient::verify, py::kw_only(), py::arg("project") = py::none(),
           py::arg("model") = py::none(), py::arg("api") = py::none(), py::arg("url") = py::none(),
           py::arg("headers") = py::tuple(), py::arg("force") = false, py::arg("timeout") = 20.0)
      .def("usage", &PyClient::usage);
}

}  // namespace costmark::python
