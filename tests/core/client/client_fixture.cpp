#include "core/client/client_fixture.hpp"

namespace costmark::testing {

ClientConfig config_of(const OptionValues& options, const OptionValues& variables) {
  ClientConfig config;
  for (const auto& [name, value] : options) {
    const Status status = config.options.set(name, value);
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  }
  config.environment = [variables](std::string_view name) -> std::optional<std::string> {
    const auto at = variables.find(std::string(name));
    if (at == variables.end()) return std::nullopt;
    return at->second;
  };
  config.clock = [] { return test_time; };
  return config;
}

std::shared_ptr<Client> client_of(const OptionValues& options, const OptionValues& variables) {
  Result<std::shared_ptr<Client>> client = Client::create(config_of(options, variables));
  if (!client) {
    ADD_FAILURE() << client.error().message;
    return nullptr;
  }
  return std::move(client).value();
}

OptionValues with_keys(OptionValues options) {
  options.emplace("access_key_id", "AKIDEXAMPLE");
  options.emplace("secret_access_key", secret_key);
  return options;
}

Request Post::request() const {
  return {"POST", url, headers, body, project, scope};
}

Head::Head(int status, std::string_view content_type, std::string_view date,
           std::string_view error_type)
    : status_(status) {
  for (const Header& field : {Header{"Content-Type", content_type}, Header{"Date", date},
                              Header{"X-Amzn-ErrorType", error_type}}) {
    if (!field.value.empty()) fields_.push_back(field);
  }
}

Operation sent_operation(Client& client, const Request& request) {
  Operation operation = client.operation();
  for (const Status& status : {operation.begin(request), operation.prepare()}) {
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  }
  operation.sent();
  return operation;
}

std::string value_set(const Prepared& prepared, std::string_view name) {
  for (const Header& header : prepared.headers_to_set()) {
    if (equal_ignoring_case(header.name, name)) return std::string(header.value);
  }
  return "(absent)";
}

bool removes(const Prepared& prepared, std::string_view name) {
  for (const std::string_view removed : prepared.headers_to_remove()) {
    if (equal_ignoring_case(removed, name)) return true;
  }
  return false;
}

}  // namespace costmark::testing
