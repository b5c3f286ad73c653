// A Projects API that answers by script, with a clock that pauses move.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/projects.hpp"
#include "projects/exchange.hpp"

namespace costmark::testing {

inline constexpr std::string_view mantle_url = "https://bedrock-mantle.us-east-1.api.aws";
inline constexpr std::string_view bedrock_url = "https://bedrock.us-east-1.amazonaws.com";
inline constexpr std::string_view mantle_arn =
    "arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a";
inline constexpr std::string_view bedrock_arn =
    "arn:aws:bedrock:us-east-1:111122223333:project/proj_a";

struct Sent {
  std::string method;
  std::string url;
  std::string body;
  bool repeatable = true;

  std::string line() const { return method + " " + url + (body.empty() ? "" : " " + body); }
};

inline http::Response answer_of(int status, std::string_view body,
                                std::vector<Header> fields = {}) {
  http::Response answer;
  answer.status = status;
  for (const Header& field : fields) answer.headers.add(field.name, field.value);
  answer.body = body;
  return answer;
}

// What the two planes answer to an error.
inline http::Response aws_error(int status, std::string_view name, std::string_view message = {}) {
  return answer_of(status, R"({"message":")" + std::string(message) + R"("})",
                   {{"x-amzn-errortype", name}, {"x-amzn-requestid", "req-1"}});
}
inline http::Response openai_error(int status, std::string_view code,
                                   std::string_view message = {}) {
  return answer_of(status,
                   R"({"error":{"code":")" + std::string(code) + R"(","message":")" +
                       std::string(message) + R"(","param":null,"type":"x"}})",
                   {{"x-request-id", "req-1"}});
}

inline std::string project_json(ProjectPlane plane, std::string_view id = "proj_a",
                                std::string_view tags = "{}", std::string_view status = "active") {
  const std::string text(id);
  if (plane == ProjectPlane::mantle) {
    return R"({"id":")" + text +
           R"(","arn":"arn:aws:bedrock-mantle:us-east-1:111122223333:project/)" + text +
           R"(","name":"n","status":")" + std::string(status) +
           R"(","created_at":1772135628,"tags":)" + std::string(tags) +
           R"(,"data_retention":{"mode":"inherit"}})";
  }
  return R"({"id":")" + text + R"(","arn":"arn:aws:bedrock:us-east-1:111122223333:project/)" +
         text + R"(","name":"n","status":")" + std::string(status) +
         R"(","createdAt":"2026-02-26T19:53:48Z","dataRetention":{"mode":"inherit"}})";
}

using Script = std::function<Result<http::Response>(const Sent&)>;

class ScriptedExchange final : public projects::Exchange {
 public:
  struct Record {
    std::vector<Sent> sent;
    std::vector<std::chrono::milliseconds> pauses;
    std::chrono::milliseconds time{0};  // since the beginning, pauses alone

    std::vector<std::string> lines() const {
      std::vector<std::string> lines;
      for (const Sent& one : sent) lines.push_back(one.line());
      return lines;
    }
  };

  ScriptedExchange(Script script, std::shared_ptr<Record> record)
      : script_(std::move(script)), record_(std::move(record)) {}

  Result<http::Response> send(const projects::Message& message, const Wait&) override {
    record_->sent.push_back({std::string(message.method), std::string(message.url),
                             std::string(message.body), message.repeatable});
    return script_(Sent(record_->sent.back()));
  }
  void pause(std::chrono::milliseconds time, const Wait&) override {
    record_->pauses.push_back(time);
    record_->time += time;
  }
  UnixSeconds now() override {
    return 1735787045 + std::chrono::duration_cast<std::chrono::seconds>(record_->time).count();
  }
  std::chrono::milliseconds timeout() const override { return std::chrono::minutes(10); }

 private:
  const Script script_;
  const std::shared_ptr<Record> record_;
};

// A Projects client of a plane, and what it sends.
struct ProjectsCase {
  ProjectsCase(ProjectPlane plane, Script script)
      : record(std::make_shared<ScriptedExchange::Record>()),
        projects(std::make_unique<ScriptedExchange>(std::move(script), record),
                 {plane, std::string(plane == ProjectPlane::mantle ? mantle_url : bedrock_url),
                  "us-east-1"}) {}

  std::shared_ptr<ScriptedExchange::Record> record;
  Projects projects;
};

inline Script always(http::Response (*make)()) {
  return [make](const Sent&) { return make(); };
}

}  // namespace costmark::testing
