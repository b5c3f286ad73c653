// What answers mean: by their code, whatever their status.
#include <gtest/gtest.h>

#include <random>

#include "core/projects/scripted_exchange.hpp"
#include "rounds.hpp"

namespace costmark::testing {
namespace {

constexpr auto mantle = ProjectPlane::mantle;
constexpr auto bedrock = ProjectPlane::bedrock;

Error error_after(ProjectPlane plane, const http::Response& answer) {
  const int status = answer.status;
  const std::string body = answer.body;
  std::vector<std::pair<std::string, std::string>> fields;
  for (const Header& field : answer.headers.all()) fields.emplace_back(field.name, field.value);
  ProjectsCase with(plane, [&](const Sent&) -> Result<http::Response> {
    http::Response copy = answer_of(status, body);
    for (const auto& [name, value] : fields) copy.headers.add(name, value);
    return copy;
  });
  const auto found = with.projects.update("proj_a", {"n", {}});
  EXPECT_FALSE(found.ok());
  return found ? Error{} : found.error();
}

struct Case {
  int status;
  std::string_view code;
  Code meaning;
  std::string_view words;
};

TEST(ServiceErrors, OfBedrockGoByTheirName) {
  for (const Case& each : {
           Case{404, "ResourceNotFoundException", Code::invalid_project,
                "there is no project 'proj_a'"},
           Case{403, "AccessDeniedException", Code::service, "access was denied"},
           Case{400, "AccessDeniedException", Code::service, "access was denied"},
           Case{403, "ExpiredTokenException", Code::unusable_credentials, "does not accept"},
           Case{403, "InvalidSignatureException", Code::unusable_credentials, "does not accept"},
           Case{400, "ServiceQuotaExceededException", Code::service, "1,000"},
           Case{400, "TooManyTagsException", Code::invalid_argument, "more than 50 tags"},
           Case{400, "ConflictException", Code::service, "at the same time"},
           Case{400, "ValidationException", Code::invalid_argument, "as invalid"},
           Case{400, "InternalServerException", Code::service, "the service failed"},
           Case{418, "SomethingNewException", Code::service, "the service refused it"},
           Case{302, "", Code::service, "the service refused it"},
       }) {
    const Error error = error_after(bedrock, aws_error(each.status, each.code));
    EXPECT_EQ(error.code, each.meaning) << each.code;
    EXPECT_EQ(error.http_status, each.status);
    EXPECT_EQ(error.request_id, "req-1");
    EXPECT_NE(error.message.find(each.words), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(each.code), std::string::npos) << error.message;
  }
}

TEST(ServiceErrors, OfMantleGoByTheirCode) {
  for (const Case& each : {
           Case{404, "not_found_error", Code::invalid_project, "there is no project 'proj_a'"},
           Case{401, "access_denied", Code::service, "access was denied"},
           Case{403, "access_denied", Code::service, "access was denied"},
           Case{401, "invalid_api_key", Code::unusable_credentials, "does not accept"},
           Case{400, "service_quota_exceeded", Code::service, "1,000"},
           Case{400, "validation_error", Code::invalid_argument, "as invalid"},
           Case{400, "unknown_parameter", Code::invalid_argument, "as invalid"},
       }) {
    const Error error = error_after(mantle, openai_error(each.status, each.code));
    EXPECT_EQ(error.code, each.meaning) << each.code;
    EXPECT_NE(error.message.find(each.words), std::string::npos) << error.message;
  }
}

TEST(ServiceErrors, HaveWhatWhereAndWhatWouldBeRight) {
  EXPECT_EQ(error_after(bedrock, aws_error(404, "ResourceNotFoundException")).message,
            "cannot update project 'proj_a': there is no project 'proj_a' in this account, region "
            "and plane; `costmark projects list` shows those that are (status 404, "
            "ResourceNotFoundException, request req-1; POST "
            "https://bedrock.us-east-1.amazonaws.com/projects/proj_a)");
}

TEST(ServiceErrors, NameTheActionThatIsMissing) {
  const Error error =
      error_after(bedrock, aws_error(403, "AccessDeniedException",
                                     "User: arn:aws:iam::1:user/x is not authorized to perform: "
                                     "bedrock:UpdateProject on resource: arn because no policy"));
  EXPECT_NE(error.message.find("the caller has no permission for bedrock:UpdateProject ("),
            std::string::npos)
      << error.message;
}

TEST(ServiceErrors, RepeatNothingElseOfTheAnswer) {
  const Error error = error_after(
      bedrock, aws_error(403, "AccessDeniedException",
                         "not authorized to perform: bedrock:x=<secret> of secret-token"));
  EXPECT_EQ(error.message.find("secret"), std::string::npos) << error.message;
}

TEST(ServiceErrors, TellOfAnArchivedProject) {
  for (const http::Response& answer :
       {aws_error(400, "ValidationException", "Project is archived and cannot be updated"),
        openai_error(400, "validation_error",
                     "Project 'arn' is archived and cannot be updated.")}) {
    const Error error = error_after(bedrock, answer);
    EXPECT_EQ(error.code, Code::invalid_project);
    EXPECT_NE(error.message.find("project 'proj_a' is archived, which is for ever"),
              std::string::npos);
  }
}

TEST(ServiceErrors, TellAWrongPathFromAMissingProject) {
  const Error error = error_after(mantle, answer_of(404, ""));
  EXPECT_EQ(error.code, Code::endpoint_mismatch);
  EXPECT_NE(error.message.find("there is no Projects API at this URL"), std::string::npos);
}

TEST(ServiceErrors, TellAnAnswerThatIsNoneOfTheApi) {
  for (const std::string_view body :
       {"", "<html>", "[]", "{}", "7", R"({"id":7,"name":"n"})", R"({"id":"","name":"n"})"}) {
    const Error error = error_after(bedrock, answer_of(200, body));
    EXPECT_EQ(error.code, Code::endpoint_mismatch) << body;
  }
}

TEST(ServiceErrors, OfTheNetworkSayWhatWasToBeDone) {
  ProjectsCase with(mantle, [](const Sent&) -> Result<http::Response> {
    return Error{Code::no_credentials, "no AWS credentials were found"};
  });
  EXPECT_EQ(with.projects.get("proj_a").error().message,
            "cannot read project 'proj_a': no AWS credentials were found");
  EXPECT_EQ(with.record->sent.size(), 1U);
}

// Whatever comes: no crash, no loop, one line.
TEST(Answers, OfAnyKindAreSurvived) {
  std::minstd_rand random(7);
  const std::string good = R"({"data":[)" + project_json(mantle) +
                           R"(],"has_more":true,"last_id":"x","projectSummaries":[)" +
                           project_json(bedrock) + R"(],"nextToken":"t","tags":{"a":"b"}})";
  for (int round = 0; round < tests::rounds(3000); ++round) {
    std::string text = good;
    for (std::uint32_t changes = 1 + random() % 8; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) text.erase(at, 1 + random() % 20);
      if (text.empty()) text = "{";
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const int status = random() % 2 == 0 ? 200 : 400;
    const auto plane = random() % 2 == 0 ? mantle : bedrock;
    ProjectsCase with(
        plane, [&](const Sent&) -> Result<http::Response> { return answer_of(status, text); });
    const Status listed = with.projects.list(true, [](const Project&) { return Status(); });
    const auto found = with.projects.tags(plane == mantle ? mantle_arn : bedrock_arn);
    EXPECT_LE(with.record->sent.size(), 10U);
    if (!listed.ok()) {
      EXPECT_EQ(listed.error().message.find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace costmark::testing
