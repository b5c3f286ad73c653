// The way of a request as Python's HTTP stacks walk it: prepare, send yourself, observe.
#include "costmark/client.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "bindings.hpp"
#include "usage.hpp"
#include "verify.hpp"

namespace costmark::python {
namespace {

// Pieces of answers smaller than this are read with the GIL held: that takes less than a
// microsecond. A request is always prepared without it. Giving it away costs nothing that can be
// measured at any size, a second thread gains 5 to 40 %, and a callback on another thread may need
// it.
constexpr std::size_t release_gil_from = 4U << 10U;

// --- Logging ---------------------------------------------------------------------------------

// The core may log while it holds a lock that a thread with the GIL waits for. So lines are kept
// here, and handed to Python once the core has returned.
struct LogLine {
  Shared logger;
  LogLevel level;
  std::string message;
};
thread_local std::vector<LogLine> waiting_lines;

void hand_over_log_lines() {
  if (waiting_lines.empty()) return;
  for (const auto& line : std::exchange(waiting_lines, {})) {
    try {
      line.logger.get()(static_cast<int>(line.level), line.message);
    } catch (py::error_already_set& exception) {
      exception.discard_as_unraisable("costmark log callback");
    }
  }
}

// Runs `work` inside the core; afterwards its log lines are handed over.
template <class Work>
auto in_core(bool release_gil, Work work) {
  if (release_gil) {
    std::optional<decltype(work())> result;
    {
      const py::gil_scoped_release released;
      result.emplace(work());
    }
    hand_over_log_lines();
    return std::move(*result);
  }
  auto result = work();
  hand_over_log_lines();
  return result;
}

// --- Prepared requests -----------------------------------------------------------------------

// The core's output object and the views of the request's headers, reused for many requests.
struct Slot {
  costmark::Prepared prepared;
  std::vector<Header> headers;
};

// Slots that wait for their next request. Those that have held a large body are not kept.
class SlotPool {
 public:
  static constexpr std::size_t most_slots = 64;
  static constexpr std::size_t largest_body = 1U << 20U;

  std::unique_ptr<Slot> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!slots_.empty()) {
        auto slot = std::move(slots_.back());
        slots_.pop_back();
        return slot;
      }
    }
    return std::make_unique<Slot>();
  }

  void give_back(std::unique_ptr<Slot> slot) {
    if (slot->prepared.body().size() > largest_body) return;
    const std::lock_guard lock(mutex_);
    if (slots_.size() < most_slots) slots_.push_back(std::move(slot));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

SlotPool& slot_pool() {
  static auto* const pool = new SlotPool;  // outlives every Python object
  return *pool;
}

class PyPrepared {
 public:
  PyPrepared(py::object body, Buffer pinned)
      : original_(std::move(body)), pinned_(std::move(pinned)), slot_(slot_pool().take()) {}
  ~PyPrepared() {
    if (slot_) slot_pool().give_back(std::move(slot_));
  }
  PyPrepared(const PyPrepared&) = delete;
  PyPrepared& operator=(const PyPrepared&) = delete;

  Slot& slot() { return *slot_; }
  const costmark::Prepared& get() const { return slot_->prepared; }
  std::string_view original_view() const { return pinned_.view(); }

  // The caller's own object when nothing had to change.
  py::object body() {
    if (!get().body_changed()) return original_;
    if (!changed_) changed_ = py::bytes(get().body().data(), get().body().size());
    return changed_;
  }

 private:
  py::object original_;
  py::object changed_;
  Buffer pinned_;
  std::unique_ptr<Slot> slot_;
};

py::bytes as_bytes(std::string_view text) {
  return {text.data(), text.size()};
}
py::str as_text(std::string_view text) {
  return {text.data(), text.size()};
}

py::object text_or_none(std::string_view text) {
  if (text.empty()) return py::none();
  return as_text(text);
}

py::list headers_to_set(const PyPrepared& self) {
  py::list result;
  for (const auto& [name, value] : self.get().headers_to_set()) {
    result.append(py::make_tuple(as_bytes(name), as_bytes(value)));
  }
  return result;
}

py::list headers_to_remove(const PyPrepared& self) {
  py::list result;
  for (const auto name : self.get().headers_to_remove()) result.append(as_bytes(name));
  return result;
}

py::object project_of(const PyPrepared& self) {
  return text_or_none(self.get().project());
}

// --- Observations ----------------------------------------------------------------------------

std::optional<Outcome> outcome_named(std::string_view name) {
  for (const auto outcome :
       {Outcome::ok, Outcome::error, Outcome::cancelled, Outcome::incomplete, Outcome::unknown}) {
    if (to_string(outcome) == name) return outcome;
  }
  return std::nullopt;
}

class PyObservation {
 public:
  explicit PyObservation(Observation observation) : observation_(std::move(observation)) {}

  void head(int status, py::handle content_type, py::handle date, py::handle error_type) {
    observation_.head({status, text_view(content_type, "content_type"), text_view(date, "date"),
                       text_view(error_type, "error_type")});
    hand_over_log_lines();
  }

  bool retry_advised() const { return observation_.retry_advised(); }

  // Hands the same object back when all of it is to be passed on.
  py::object feed(const py::object& piece) {
    const Buffer pinned(piece);
    const auto out = in_core(pinned.view().size() >= release_gil_from,
                             [&] { return observation_.feed(pinned.view()); });
    if (out.data() == pinned.view().data() && out.size() == pinned.view().size()) return piece;
    return as_bytes(out);
  }

  py::bytes finish() {
    return as_bytes(in_core(false, [&] { return observation_.finish(); }));
  }

  py::bytes fail(std::string_view name) {
    const auto outcome = outcome_named(name);
    if (!outcome) throw py::value_error("no such outcome: " + std::string(name));
    return as_bytes(in_core(false, [&] { return observation_.fail(*outcome); }));
  }

  py::dict answer() const {
    const auto& answer = observation_.answer();
    py::dict result;
    result["outcome"] = as_text(to_string(answer.outcome));
    result["response_id"] = as_text(answer.response_id);
    result["model"] = as_text(answer.model);
    result["service_tier"] = as_text(answer.service_tier);
    result["input_tokens"] = answer.usage.input_tokens;
    result["cached_input_tokens"] = answer.usage.cached_input_tokens;
    result["cache_write_tokens"] = answer.usage.cache_write_tokens;
    result["output_tokens"] = answer.usage.output_tokens;
    result["reasoning_tokens"] = answer.usage.reasoning_tokens;
    result["inconsistent"] = answer.usage.inconsistent();
    return result;
  }

 private:
  Observation observation_;
};

// --- Clients ---------------------------------------------------------------------------------

// Takes the GIL, calls, and keeps what the callback raised for whoever is told of the error.
template <class Value, class Convert>
Result<Value> call_back(const Shared& callable, Code code, const char* what, Convert convert) {
  const py::gil_scoped_acquire gil;
  try {
    return convert(callable.get()());
  } catch (py::error_already_set& exception) {
    return keep_exception(exception, code, what);
  }
}

Status wrong_type(std::string_view who, const py::object& value, std::string_view right) {
  return {Code::no_credentials, std::string(who) + " returned " + Py_TYPE(value.ptr())->tp_name +
                                    " instead of " + std::string(right)};
}

}  // namespace

CredentialsProviderPtr credentials_provider(const py::object& given) {
  if (given.is_none()) return nullptr;
  if (py::isinstance<PyCredentials>(given)) {
    return static_credentials(given.cast<const PyCredentials&>().value);
  }
  if (PyCallable_Check(given.ptr()) == 0) {
    throw py::type_error(
        "credentials must be a costmark.Credentials or a callable that returns one");
  }
  return callback_credentials([callable = Shared(given)] {
    return call_back<CredentialsPtr>(callable, Code::no_credentials, "the credentials callback",
                                     [](const py::object& value) -> Result<CredentialsPtr> {
                                       if (py::isinstance<PyCredentials>(value)) {
                                         return value.cast<const PyCredentials&>().value;
                                       }
                                       return wrong_type("the credentials callback", value,
                                                         "costmark.Credentials");
                                     });
  });
}

namespace {

std::function<Result<std::string>()> bearer_source(const py::object& callable) {
  if (callable.is_none()) return nullptr;
  return [shared = Shared(callable)] {
    return call_back<std::string>(shared, Code::no_credentials, "the bearer token callback",
                                  [](const py::object& value) -> Result<std::string> {
                                    if (py::isinstance<py::str>(value)) {
                                      return value.cast<std::string>();
                                    }
                                    return wrong_type("the bearer token callback", value, "str");
                                  });
  };
}

std::function<void(std::string_view)> refusal_listener(const py::object& callable) {
  if (callable.is_none()) return nullptr;
  return [shared = Shared(callable)](std::string_view token) {
    const py::gil_scoped_acquire gil;
    try {
      shared.get()(as_text(token));
    } catch (py::error_already_set& exception) {
      exception.discard_as_unraisable("costmark bearer token callback");
    }
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

class PyClient {
 public:
  PyClient(const std::vector<std::pair<std::string, std::string>>& options,
           const py::object& credentials, const py::object& bearer_token,
           const py::object& bearer_token_refused, std::string host_api_key,
           std::shared_ptr<UsageCounters> counters, const py::object& log,
           const py::object& environment) {
    ClientConfig config;
    for (const auto& [name, value] : options) check(config.options.set(name, value));
    config.credentials = credentials_provider(credentials);
    config.bearer_token = bearer_source(bearer_token);
    config.bearer_token_refused = refusal_listener(bearer_token_refused);
    config.host_api_key = std::move(host_api_key);
    config.environment = environment_of(environment);
    config.counters = std::move(counters);
    if (!log.is_none()) {
      config.log = [logger = Shared(log)](LogLevel level, std::string_view message) {
        waiting_lines.push_back({logger, level, std::string(message)});
      };
    }
    client_ = check(in_core(false, [&] { return Client::create(std::move(config)); }));
  }

  std::unique_ptr<PyPrepared> prepare(py::handle method, py::handle url,
                                      const py::sequence& headers, const py::object& body,
                                      py::handle project, py::handle scope) {
    return run(method, url, headers, body, project, scope, &Client::prepare);
  }

  void check_only(py::handle method, py::handle url, const py::sequence& headers,
                  const py::object& body, py::handle project, py::handle scope) {
    run(method, url, headers, body, project, scope, &Client::check);
  }

  PyObservation observe(const PyPrepared& prepared, std::uint32_t attempt) {
    return PyObservation(client_->observe(prepared.get(), attempt));
  }

  py::dict verify(py::handle project, py::handle model, py::handle api, py::handle url,
                  const py::sequence& headers, bool force, double timeout) {
    const bool in_range = timeout > 0 && timeout <= 3600;  // which NaN is not
    if (!in_range) {
      throw py::value_error("timeout takes seconds, more than 0 and at most 3600");
    }
    std::vector<Header> views;
    header_views(headers, views);
    VerifyRequest request;
    request.project = optional_text_view(project, "project");
    request.model = optional_text_view(model, "model");
    request.api = api_named(optional_text_view(api, "api"));
    request.url = optional_text_view(url, "url");
    request.headers = views;
    request.force = force;
    request.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000) + 1);
    forget_exception();
    const Verification found = check(in_core(true, [&] { return client_->verify(request); }));
    raise_interruption();
    return as_dict(found);
  }

  bool may_verify(py::handle url) const { return client_->may_verify(text_view(url, "url")); }

  py::dict usage() const { return rows_by_project(client_->usage()); }

 private:
  using Step = Status (Client::*)(const Request&, costmark::Prepared&);

  std::unique_ptr<PyPrepared> run(py::handle method, py::handle url, const py::sequence& headers,
                                  const py::object& body, py::handle project, py::handle scope,
                                  Step step) {
    auto prepared = std::make_unique<PyPrepared>(body, Buffer(body));
    header_views(headers, prepared->slot().headers);
    const Request request{text_view(method, "method"),
                          text_view(url, "url"),
                          prepared->slot().headers,
                          prepared->original_view(),
                          optional_text_view(project, "project"),
                          optional_text_view(scope, "scope")};
    forget_exception();
    check(in_core(true, [&] { return ((*client_).*step)(request, prepared->slot().prepared); }));
    raise_interruption();
    return prepared;
  }

  std::shared_ptr<Client> client_;
};

std::unique_ptr<PyClient> make_client(const py::dict& options, const py::object& credentials,
                                      const py::object& bearer_token,
                                      const py::object& bearer_token_refused,
                                      std::string host_api_key,
                                      std::shared_ptr<UsageCounters> counters,
                                      const py::object& log, const py::object& environment) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : options) {
    pairs.emplace_back(text_view(name, "an option's name"), text_view(value, "an option's value"));
  }
  return std::make_unique<PyClient>(pairs, credentials, bearer_token, bearer_token_refused,
                                    std::move(host_api_key), std::move(counters), log, environment);
}

}  // namespace

void bind_client(py::module_& module) {
  py::class_<PyPrepared>(module, "Prepared", "What is to be sent for one request.")
      .def_property_readonly("headers_to_remove", &headers_to_remove)
      .def_property_readonly("headers_to_set", &headers_to_set)
      .def_property_readonly("body", &PyPrepared::body)
      .def_property_readonly("body_changed",
                             [](const PyPrepared& self) { return self.get().body_changed(); })
      .def_property_readonly("project", &project_of)
      .def_property_readonly(
          "project_source",
          [](const PyPrepared& self) { return as_text(to_string(self.get().project_source())); })
      .def_property_readonly(
          "api", [](const PyPrepared& self) { return as_text(to_string(self.get().api())); })
      .def_property_readonly("streamed",
                             [](const PyPrepared& self) { return self.get().streamed(); })
      .def_property_readonly("authorized",
                             [](const PyPrepared& self) { return self.get().authorized(); })
      .def_property_readonly("hides_usage_chunk",
                             [](const PyPrepared& self) { return self.get().hides_usage_chunk(); })
      .def_property_readonly("url",
                             [](const PyPrepared& self) { return text_or_none(self.get().url()); })
      .def_property_readonly(
          "hint", [](const PyPrepared& self) { return text_or_none(self.get().hint()); });

  py::class_<PyObservation>(module, "Observation", "Reads one answer and counts it when it ends.")
      .def("head", &PyObservation::head, py::arg("status"), py::arg("content_type"),
           py::arg("date") = "", py::arg("error_type") = "")
      .def("feed", &PyObservation::feed, py::arg("piece"))
      .def("finish", &PyObservation::finish)
      .def("fail", &PyObservation::fail, py::arg("outcome"))
      .def_property_readonly("retry_advised", &PyObservation::retry_advised)
      .def_property_readonly("answer", &PyObservation::answer);

  py::class_<PyClient>(module, "Client", "Attributes, signs and accounts for requests.")
      .def(py::init(&make_client), py::arg("options") = py::dict(), py::kw_only(),
           py::arg("credentials") = py::none(), py::arg("bearer_token") = py::none(),
           py::arg("bearer_token_refused") = py::none(), py::arg("host_api_key") = "",
           py::arg("counters") = py::none(), py::arg("log") = py::none(),
           py::arg("environment") = py::none())
      .def("prepare", &PyClient::prepare, py::arg("method"), py::arg("url"), py::arg("headers"),
           py::arg("body"), py::arg("project") = py::none(), py::arg("scope") = py::none())
      .def("check", &PyClient::check_only, py::arg("method"), py::arg("url"), py::arg("headers"),
           py::arg("body"), py::arg("project") = py::none(), py::arg("scope") = py::none())
      .def("observe", &PyClient::observe, py::arg("prepared"), py::arg("attempt") = 1)
      .def("verify", &PyClient::verify, py::kw_only(), py::arg("project") = py::none(),
           py::arg("model") = py::none(), py::arg("api") = py::none(), py::arg("url") = py::none(),
           py::arg("headers") = py::tuple(), py::arg("force") = false, py::arg("timeout") = 20.0)
      .def("may_verify", &PyClient::may_verify, py::arg("url"))
      .def("usage", &PyClient::usage);
}

}  // namespace costmark::python
