#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>

#include "bindings.hpp"
#include "costmark/client.hpp"
#include "costmark/environment.hpp"
#include "gil.hpp"

namespace costmark::python {
namespace {

constexpr std::array<const char*, 3> positional{"access_key_id", "secret_access_key",
                                                "session_token"};

// Takes its arguments apart itself: pybind11's message about arguments that do not fit shows them.
py::dict named_arguments(const py::args& args, const py::kwargs& kwargs) {
  if (args.size() > positional.size()) {
    throw py::type_error(
        "Credentials() takes at most 3 positional arguments: access_key_id, "
        "secret_access_key, session_token");
  }
  py::dict named;
  for (std::size_t i = 0; i < args.size(); ++i) named[positional[i]] = args[i];
  for (const auto& [name, value] : kwargs) {
    if (named.contains(name)) {
      throw py::type_error("Credentials() got " + name.cast<std::string>() + " twice");
    }
    named[name] = value;
  }
  return named;
}

std::string take_text(const py::dict& named, const char* name, const char* otherwise) {
  if (!named.contains(name)) {
    if (otherwise != nullptr) return otherwise;
    throw py::type_error(std::string("Credentials() needs ") + name);
  }
  const py::object value = named.attr("pop")(name);
  if (value.is_none() && otherwise != nullptr) return otherwise;
  return std::string(text_view(value, name));
}

std::optional<UnixSeconds> take_expiry(const py::dict& named) {
  if (!named.contains("expires_at")) return std::nullopt;
  const py::object value = named.attr("pop")("expires_at");
  if (value.is_none()) return std::nullopt;
  const double seconds = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() != nullptr || !(std::abs(seconds) < 1e15)) {
    PyErr_Clear();
    throw py::type_error("expires_at takes seconds since 1970-01-01T00:00:00Z");
  }
  return static_cast<UnixSeconds>(seconds);
}

PyCredentials make_credentials(const py::args& args, const py::kwargs& kwargs) {
  const py::dict named = named_arguments(args, kwargs);
  Credentials::Fields fields;
  fields.access_key_id = take_text(named, "access_key_id", nullptr);
  fields.secret_access_key = take_text(named, "secret_access_key", nullptr);
  fields.session_token = take_text(named, "session_token", "");
  fields.expires_at = take_expiry(named);
  fields.account_id = take_text(named, "account_id", "");
  fields.source = take_text(named, "source", "static");
  for (const auto& [name, value] : named) {
    throw py::type_error("Credentials() takes no argument " + name.cast<std::string>());
  }
  return PyCredentials{check(Credentials::create(std::move(fields)))};
}

py::object expiry(const PyCredentials& self) {
  if (!self.value->expires_at()) return py::none();
  return py::int_(*self.value->expires_at());
}

py::str describe(const PyCredentials& self) {
  return py::str("Credentials(access_key_id={!r}, source={!r})")
      .format(self.value->access_key_id(), self.value->source());
}

Environment environment_of(const std::optional<std::map<std::string, std::string>>& mapping) {
  if (!mapping) return process_environment();
  return [values = *mapping](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

// Without the variables of options that are not about credentials: if one of those is wrong, that
// is another matter. A profile that was named goes before keys of the environment.
Environment of_credentials(Environment environment, bool names_profile) {
  return [environment = std::move(environment),
          names_profile](std::string_view name) -> std::optional<std::string> {
    constexpr std::array keys{"COSTMARK_ACCESS_KEY_ID", "COSTMARK_SECRET_ACCESS_KEY",
                              "COSTMARK_SESSION_TOKEN"};
    constexpr std::array others{"COSTMARK_PROFILE", "COSTMARK_REGION", "COSTMARK_ROLE_ARN",
                                "COSTMARK_EXTERNAL_ID", "COSTMARK_ROLE_SESSION_NAME"};
    const auto is_in = [name](const auto& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    const bool counts =
        !name.starts_with("COSTMARK_") || is_in(others) || (is_in(keys) && !names_profile);
    return counts ? environment(name) : std::nullopt;
  };
}

py::object credentials_or_none(const CredentialsPtr& credentials) {
  return credentials ? py::cast(PyCredentials{credentials}) : py::none();
}

py::dict explain(const std::string& profile,
                 const std::optional<std::map<std::string, std::string>>& variables) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  const Environment environment = of_credentials(environment_of(variables), !profile.empty());
  Options options;
  if (!profile.empty()) check(options.set("profile", profile));
  check(options.load_environment(environment));
  ChainReport report;
  {
    const GilReleased released;  // it may read files and run a program
    report = explain_credentials(options, environment, now);
  }
  py::list asked;
  for (const auto& [source, failure] : report.asked) asked.append(py::make_tuple(source, failure));
  py::dict result;
  result["asked"] = std::move(asked);
  result["credentials"] = credentials_or_none(report.credentials);
  result["role"] = report.role;
  result["assumed_with"] = credentials_or_none(report.assumed_with);
  result["region"] = report.region.name;
  result["region_origin"] = report.region.origin;
  return result;
}

}  // namespace

void bind_credentials(py::module_& module) {
  py::class_<PyCredentials>(module, "Credentials",
                            "One set of AWS credentials: immutable, its secrets never shown.")
      .def(py::init(&make_credentials))
      .def_property_readonly("access_key_id",
                             [](const PyCredentials& self) { return self.value->access_key_id(); })
      .def_property_readonly("expires_at", &expiry)
      .def_property_readonly("account_id",
                             [](const PyCredentials& self) { return self.value->account_id(); })
      .def_property_readonly("source",
                             [](const PyCredentials& self) { return self.value->source(); })
      .def("__repr__", &describe);
  module.def("explain_credentials", &explain, py::arg("profile") = "",
             py::arg("environment") = py::none());
}

}  // namespace costmark::python
