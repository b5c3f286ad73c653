// The core's parts that can be used alone: JSON edits, signatures, project ids, the option table.
#include <chrono>

#include "bindings.hpp"
#include "costmark/attribution.hpp"
#include "costmark/json.hpp"
#include "costmark/labels.hpp"
#include "costmark/ledger.hpp"
#include "costmark/options.hpp"
#include "costmark/project_tags.hpp"
#include "costmark/signing.hpp"
#include "costmark/url.hpp"
#include "costmark/variables.hpp"
#include "gil.hpp"
#include "given_request.hpp"

namespace costmark::python {
namespace {

// Below this size giving the GIL away and taking it back costs more than it can win.
constexpr std::size_t release_gil_from = 4U << 10U;

template <class Work>
auto without_gil_if(bool release, Work work) {
  if (!release) return work();
  const GilReleased released;
  return work();
}

py::bytes as_bytes(std::string_view text) {
  return {text.data(), text.size()};
}

void check_given_labels(py::handle labels) {
  check(check_labels(label_views(labels)));
}

py::dict ledger_counts() {
  const LedgerCounters counters = without_gil_if(true, Ledger::counters_of_process);
  py::dict result;
  result["rows_written"] = counters.rows_written;
  result["rows_waiting"] = counters.rows_waiting;
  result["rows_lost"] = counters.rows_lost;
  result["rows_torn"] = counters.rows_torn;
  return result;
}

json::Mode mode_of(bool strict) {
  return strict ? json::Mode::strict : json::Mode::lenient;
}

py::bytes json_set(py::handle body, py::handle path, py::handle value, bool strict) {
  const Buffer text(body);
  const auto path_view = text_view(path, "path");
  const auto value_view = text_view(value, "value");
  return as_bytes(check(without_gil_if(text.view().size() >= release_gil_from, [&] {
    return json::set(text.view(), path_view, value_view, mode_of(strict));
  })));
}

py::bytes json_remove(py::handle body, py::handle path, bool strict) {
  const Buffer text(body);
  const auto path_view = text_view(path, "path");
  return as_bytes(check(without_gil_if(text.view().size() >= release_gil_from, [&] {
    return json::remove(text.view(), path_view, mode_of(strict));
  })));
}

UnixSeconds now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool has_content_hash(const std::vector<Header>& headers) {
  for (const auto& header : headers) {
    if (equal_ignoring_case(header.name, "x-amz-content-sha256")) return true;
  }
  return false;
}

const signing::Signer& signer() {
  static const signing::Signer shared;
  return shared;
}

py::dict sign(py::handle method, py::handle url, py::handle headers, py::handle body,
              const PyCredentials& credentials, py::handle region, py::handle service,
              std::optional<UnixSeconds> time) {
  const Buffer payload(body);
  const py::tuple fields = header_tuple(headers);
  std::vector<Header> views;
  header_views(fields, views);
  const auto parts = check(parse_url(text_view(url, "url")));
  std::string host;
  append_host_header(parts, host);
  const signing::Request request{text_view(method, "method"), host, parts.path, parts.query, views};
  const signing::Scope scope{text_view(region, "region"), text_view(service, "service")};
  signing::Options options;
  options.sign_content_sha256 = has_content_hash(views);

  thread_local signing::PayloadHasher hasher;
  thread_local signing::Signature signature;
  signing::PayloadHash hash{};
  check(without_gil_if(payload.view().size() >= release_gil_from, [&] {
    Status status = hasher.hash(payload.view(), hash);
    if (!status.ok()) return status;
    return signer().sign(request, hash, *credentials.value, scope, time.value_or(now()), options,
                         signature);
  }));
  py::dict result;
  for (const auto& [name, value] : signature.headers()) {
    result[py::str(name.data(), name.size())] = py::str(value.data(), value.size());
  }
  return result;
}

const char* type_name(OptionType type) {
  switch (type) {
    case OptionType::text:
      return "text";
    case OptionType::secret:
      return "secret";
    case OptionType::boolean:
      return "boolean";
    case OptionType::integer:
      return "integer";
    case OptionType::choice:
      return "choice";
    case OptionType::list:
      return "list";
    case OptionType::url:
      return "url";
  }
  return "text";
}

py::list options() {
  py::list result;
  for (const auto& option : option_table()) {
    py::dict row;
    row["name"] = option.name;
    row["type"] = type_name(option.type);
    row["default"] = option.default_value;
    row["choices"] = option.choices;
    row["minimum"] = option.minimum;
    row["maximum"] = option.maximum;
    row["description"] = option.description;
    result.append(std::move(row));
  }
  return result;
}

}  // namespace

void bind_tools(py::module_& module) {
  module.def("json_set", &json_set, py::arg("body"), py::arg("path"), py::arg("value"),
             py::arg("strict") = false);
  module.def("json_remove", &json_remove, py::arg("body"), py::arg("path"),
             py::arg("strict") = false);
  module.def("sign", &sign, py::arg("method"), py::arg("url"), py::arg("headers"), py::arg("body"),
             py::arg("credentials"), py::arg("region"), py::arg("service"),
             py::arg("time") = py::none());
  module.def("check_labels", check_given_labels, py::arg("labels"));
  module.def(
      "tell_project_tags",
      [](py::handle project, py::handle tags) {
        check(tell_project_tags(text_view(project, "project"), label_views(tags)));
      },
      py::arg("project"), py::arg("tags"));
  module.def("ledger_counts", ledger_counts);
  module.def(
      "check_project_id",
      [](py::handle id, py::handle where) {
        check(check_project_id(text_view(id, "project"), text_view(where, "where")));
      },
      py::arg("project_id"), py::arg("where") = "project");
  module.def(
      "check_project",
      [](py::handle text, py::handle where) {
        check(check_project(text_view(text, "project"), text_view(where, "where")));
      },
      py::arg("project"), py::arg("where") = "project");
  module.def(
      "is_bedrock_host", [](py::handle host) { return is_bedrock_host(text_view(host, "host")); },
      py::arg("host"));
  module.def("options", &options);
  module.def("unknown_variables", [] {
    py::list warnings;
    for (const std::string& warning : unknown_process_variables()) {
      warnings.append(as_text(warning));
    }
    return warnings;
  });
}

}  // namespace costmark::python
