// Endpoints that answer a verification by script.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <regex>

#include "core/client/client_fixture.hpp"
#include "http/transport.hpp"

namespace costmark::testing {

inline constexpr std::string_view mantle = "https://bedrock-mantle.us-east-1.api.aws/v1";
inline constexpr std::string_view model = "openai.gpt-oss-120b";
inline constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0}],)"
    R"("usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}})";

// One request as it was sent.
struct Sent {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string header(std::string_view name) const {
    std::string found = "(absent)";
    for (const auto& [key, value] : headers) {
      if (!equal_ignoring_case(key, name)) continue;
      EXPECT_EQ(found, "(absent)") << name << " was sent twice";
      found = value;
    }
    return found;
  }
  // The project that it names, by whatever carrier; of the Projects API that of its URL.
  std::string project() const {
    for (const std::string_view name : {"openai-project", "anthropic-workspace-id"}) {
      if (const std::string value = header(name); value != "(absent)") return value;
    }
    std::smatch match;
    if (std::regex_search(body, match, std::regex(R"re("project_id":"([^"]*)")re"))) {
      return match[1];
    }
    const std::size_t at = url.find("/organization/projects/");
    return at == std::string::npos ? "" : url.substr(at + 23);
  }
  bool impossible() const { return project().starts_with("proj_costmark"); }
};

inline http::Response answer_of(int status, std::string_view body, std::string_view id = "req_1") {
  http::Response answer;
  answer.status = status;
  answer.headers.add("content-type", "application/json");
  if (!id.empty()) answer.headers.add("x-request-id", id);
  answer.body = body;
  return answer;
}

inline http::Response error_of(int status, std::string_view code, std::string_view message) {
  return answer_of(status, R"({"error":{"code":")" + std::string(code) + R"(","message":")" +
                               std::string(message) + R"(","param":null,"type":")" +
                               std::string(code) + R"("}})");
}

inline http::Response no_such_project(std::string_view project) {
  return error_of(404, "not_found_error",
                  "Project 'arn:aws:bedrock-mantle:us-east-1:111122223333:project/" +
                      std::string(project) + "' does not exist");
}

using Script = std::function<Result<http::Response>(const Sent&)>;

class Endpoint final : public http::Transport {
 public:
  explicit Endpoint(Script script) : script_(std::move(script)) {}

  Result<http::Response> send(const http::Request& request) override {
    Sent sent{std::string(request.method), std::string(request.url), {}, std::string(request.body)};
    for (const Header& header : request.headers) {
      sent.headers.emplace_back(header.name, header.value);
    }
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(sent);
    }
    return script_(sent);
  }
  void pause(std::chrono::milliseconds) override { ADD_FAILURE() << "nothing is to be waited for"; }

  std::vector<Sent> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  const Script script_;
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;
};

// As AWS documents it: unknown projects are a 404 that names them.
inline http::Response strict(const Sent& sent) {
  if (sent.impossible()) return no_such_project(sent.project());
  if (sent.method == "GET") {
    return answer_of(200, R"({"id":")" + sent.project() + R"(","status":"active"})");
  }
  return answer_of(200, chat_answer);
}
inline http::Response deaf(const Sent&) {
  return answer_of(200, chat_answer);
}
inline Script always(int status, std::string body) {
  return [status, body](const Sent&) { return answer_of(status, body); };
}

// A client whose requests of its own go to a script.
struct VerifyCase {
  explicit VerifyCase(Script script, OptionValues options = {}, OptionValues variables = {})
      : endpoint(std::make_shared<Endpoint>(std::move(script))) {
    options.emplace("project", "proj_a");
    options.emplace("base_url", mantle);
    ClientConfig config = config_of(with_keys(std::move(options)), variables);
    config.transport = endpoint;
    config.clock = [this] { return now.load(); };
    config.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      log.emplace_back(line);
    };
    auto made = Client::create(std::move(config));
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    client = std::move(made).value();
  }

  Verification verify(VerifyRequest request = {}) const {
    if (request.model.empty()) request.model = model;
    return verify_as_is(request);
  }
  Verification verify_as_is(const VerifyRequest& request) const {
    auto result = client->verify(request);
    if (!result) {
      ADD_FAILURE() << result.error().message;
      return {};
    }
    return std::move(result).value();
  }
  Status prepare(const Post& post) const {
    Prepared prepared;
    return client->prepare(post.request(), prepared);
  }

  std::shared_ptr<Endpoint> endpoint;
  std::atomic<UnixSeconds> now{test_time};
  std::mutex mutex;
  std::vector<std::string> log;
  std::shared_ptr<Client> client;
};

inline Post chat_post(
    std::string_view url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions") {
  return {std::string(url), R"({"model":"openai.gpt-oss-120b","messages":[]})"};
}

}  // namespace costmark::testing
