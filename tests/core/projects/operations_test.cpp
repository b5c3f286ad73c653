// What goes over the wire for each operation, on both planes.
#include <gtest/gtest.h>

#include "core/projects/scripted_exchange.hpp"

namespace costmark::testing {
namespace {

constexpr auto mantle = ProjectPlane::mantle;
constexpr auto bedrock = ProjectPlane::bedrock;
using Lines = std::vector<std::string>;

const std::string mantle_base = std::string(mantle_url) + "/v1/organization/projects";
const std::string bedrock_base = std::string(bedrock_url) + "/projects";

ProjectsCase answering(ProjectPlane plane, std::string tags = "{}") {
  return {plane, [plane, tags = std::move(tags)](const Sent& sent) -> Result<http::Response> {
            if (sent.url.ends_with("/listTagsForResource")) {
              return answer_of(200, R"({"tags":)" + tags + "}");
            }
            if (sent.url.ends_with("agResource")) return answer_of(200, "{}");
            return answer_of(200, project_json(plane, "proj_a", plane == mantle ? tags : "{}"));
          }};
}

const std::vector<ProjectTag> two_tags{{"team", "plat form"}, {"env", ""}};

TEST(CreateProject, OnMantle) {
  ProjectsCase with = answering(mantle, R"({"team":"x"})");
  const auto created = with.projects.create({"my \"app\"", two_tags, "none"});
  ASSERT_TRUE(created.ok()) << created.error().message;
  const Project made = created.value();
  EXPECT_EQ(with.record->lines(),
            (Lines{"POST " + mantle_base +
                   R"( {"name":"my \"app\"","tags":{"team":"plat form","env":""},)"
                   R"("data_retention":{"mode":"none"}})"}));
  EXPECT_FALSE(with.record->sent[0].repeatable);
  EXPECT_EQ(made.id, "proj_a");
  EXPECT_EQ(made.arn, mantle_arn);
  EXPECT_EQ(made.name, "n");
  EXPECT_EQ(made.status, "active");
  EXPECT_EQ(made.account, "111122223333");
  EXPECT_EQ(made.region, "us-east-1");
  EXPECT_EQ(made.plane, mantle);
  EXPECT_EQ(made.created_at, 1772135628);
  EXPECT_EQ(made.archived_at, std::nullopt);
  EXPECT_EQ(made.data_retention, "inherit");
  EXPECT_EQ(made.tags, (std::vector<ProjectTag>{{"team", "x"}}));
}

TEST(CreateProject, OnBedrock) {
  ProjectsCase with = answering(bedrock);
  const Project made = with.projects.create({"app", two_tags, "none"}).value();
  EXPECT_EQ(with.record->lines(),
            (Lines{"POST " + bedrock_base +
                   R"( {"name":"app","tags":[{"key":"team","value":"plat form"},)"
                   R"({"key":"env","value":""}],"dataRetention":{"mode":"none"}})"}));
  EXPECT_FALSE(with.record->sent[0].repeatable);
  EXPECT_EQ(made.plane, bedrock);
  EXPECT_EQ(made.created_at, 1772135628);
  EXPECT_EQ(made.tags, two_tags);  // that were sent: the answer has none
}

TEST(CreateProject, SendsNoEmptyMembers) {
  ProjectsCase with = answering(bedrock);
  ASSERT_TRUE(with.projects.create({"app"}).ok());
  EXPECT_EQ(with.record->sent[0].body, R"({"name":"app"})");
}

TEST(CreateProject, ChecksBeforeAnythingIsSent) {
  ProjectsCase with = answering(bedrock);
  const std::vector<ProjectTag> reserved{{"aws:x", ""}};
  EXPECT_EQ(with.projects.create({""}).error().code, Code::invalid_argument);
  EXPECT_EQ(with.projects.create({"a", reserved}).error().code, Code::invalid_argument);
  EXPECT_EQ(with.projects.create({"a", {}, "Bad mode"}).error().code, Code::invalid_argument);
  EXPECT_TRUE(with.record->sent.empty());
}

TEST(GetProject, TakesAnIdOrAnArn) {
  ProjectsCase on_mantle = answering(mantle);
  ASSERT_TRUE(on_mantle.projects.get("proj_a").ok());
  ASSERT_TRUE(on_mantle.projects.get(mantle_arn).ok());
  EXPECT_EQ(on_mantle.record->lines(),
            (Lines{"GET " + mantle_base + "/proj_a", "GET " + mantle_base + "/proj_a"}));
  ProjectsCase on_bedrock = answering(bedrock);
  EXPECT_EQ(on_bedrock.projects.get(bedrock_arn).value().tags, std::nullopt);
  EXPECT_EQ(on_bedrock.record->lines(), (Lines{"GET " + bedrock_base + "/proj_a"}));
}

TEST(UpdateProject, TakesOneChangeACall) {
  ProjectsCase on_mantle = answering(mantle);
  ASSERT_TRUE(on_mantle.projects.update("proj_a", {"new", {}}).ok());
  ASSERT_TRUE(on_mantle.projects.update("proj_a", {{}, "none"}).ok());
  EXPECT_EQ(on_mantle.record->lines(),
            (Lines{"POST " + mantle_base + R"(/proj_a {"name":"new"})",
                   "POST " + mantle_base + R"(/proj_a {"data_retention":{"mode":"none"}})"}));
  ProjectsCase on_bedrock = answering(bedrock);
  ASSERT_TRUE(on_bedrock.projects.update("proj_a", {"new", {}}).ok());
  ASSERT_TRUE(on_bedrock.projects.update("proj_a", {{}, "none"}).ok());
  EXPECT_EQ(on_bedrock.record->lines(),
            (Lines{"POST " + bedrock_base + R"(/proj_a {"name":"new"})",
                   "POST " + bedrock_base + R"(/proj_a {"dataRetention":{"mode":"none"}})"}));
  EXPECT_EQ(on_bedrock.projects.update("proj_a", {"new", "none"}).error().code,
            Code::invalid_argument);
  EXPECT_EQ(on_bedrock.projects.update("proj_a", {}).error().code, Code::invalid_argument);
  EXPECT_EQ(on_bedrock.projects.update("proj_a", {"", {}}).error().message,
            "the project's name has 0 characters; a name has 1 to 127");
  EXPECT_EQ(on_bedrock.record->sent.size(), 2U);
}

TEST(ArchiveProject, OnBothPlanes) {
  ProjectsCase on_mantle = answering(mantle);
  ASSERT_TRUE(on_mantle.projects.archive("proj_a").ok());
  EXPECT_EQ(on_mantle.record->lines(), (Lines{"POST " + mantle_base + "/proj_a/archive {}"}));
  ProjectsCase on_bedrock = answering(bedrock);
  ASSERT_TRUE(on_bedrock.projects.archive("proj_a").ok());
  EXPECT_EQ(on_bedrock.record->lines(), (Lines{"POST " + bedrock_base + "/proj_a/archive"}));
}

TEST(DefaultProject, IsNeitherRenamedNorArchived) {
  ProjectsCase with = answering(bedrock);
  EXPECT_EQ(with.projects.archive("default").error().message,
            "project 'default' is the endpoint's own and cannot be archived");
  EXPECT_EQ(with.projects.update("default", {"x", {}}).error().code, Code::invalid_project);
  EXPECT_TRUE(with.record->sent.empty());
}

TEST(ProjectTagsOnMantle, AreAPartOfTheProject) {
  ProjectsCase with = answering(mantle, R"({"team":"x"})");
  EXPECT_EQ(with.projects.tags("proj_a").value(), (std::vector<ProjectTag>{{"team", "x"}}));
  ASSERT_TRUE(with.projects.add_tags("proj_a", std::vector<ProjectTag>{{"env", "prod"}}).ok());
  ASSERT_TRUE(with.projects.remove_tags("proj_a", std::vector<std::string>{"team"}).ok());
  EXPECT_EQ(with.record->lines(),
            (Lines{"GET " + mantle_base + "/proj_a",
                   "POST " + mantle_base + R"(/proj_a {"add_tags":{"env":"prod"}})",
                   "POST " + mantle_base + R"(/proj_a {"remove_tag_keys":["team"]})"}));
}

TEST(ProjectTagsOnBedrock, WantAnArn) {
  ProjectsCase with = answering(bedrock, R"([{"key":"team","value":"x"}])");
  EXPECT_EQ(with.projects.tags(bedrock_arn).value(), (std::vector<ProjectTag>{{"team", "x"}}));
  ASSERT_TRUE(with.projects.add_tags(bedrock_arn, std::vector<ProjectTag>{{"env", "prod"}}).ok());
  ASSERT_TRUE(with.projects.remove_tags("proj_a", std::vector<std::string>{"team"}).ok());
  const std::string arn = R"({"resourceARN":")" + std::string(bedrock_arn) + R"(")";
  const std::string url = "POST " + std::string(bedrock_url);
  EXPECT_EQ(with.record->lines(),
            (Lines{url + "/listTagsForResource " + arn + "}",
                   url + "/tagResource " + arn + R"(,"tags":[{"key":"env","value":"prod"}]})",
                   "GET " + bedrock_base + "/proj_a",
                   url + "/untagResource " + arn + R"(,"tagKeys":["team"]})"}));
}

TEST(ProjectTags, ThatAreNoneAreNotSent) {
  for (const auto plane : {mantle, bedrock}) {
    ProjectsCase with = answering(plane);
    EXPECT_TRUE(with.projects.add_tags("proj_a", {}).ok());
    EXPECT_TRUE(with.projects.remove_tags("proj_a", {}).ok());
    EXPECT_FALSE(with.projects.add_tags("no id", {}).ok());
    EXPECT_TRUE(with.record->sent.empty());
  }
}

TEST(SetTags, OverwritesThenRemovesThenAdds) {
  ProjectsCase with = answering(bedrock, R"([{"key":"aws:cloudformation:stack","value":"s"},)"
                                         R"({"key":"team","value":"x"},{"key":"old","value":"1"},)"
                                         R"({"key":"same","value":"y"}])");
  const std::vector<ProjectTag> wanted{{"new", "2"}, {"same", "y"}, {"team", "z"}};
  ASSERT_TRUE(with.projects.set_tags(bedrock_arn, wanted).ok());
  const Lines lines = with.record->lines();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_NE(lines[1].find(R"(tagResource {"resourceARN")"), std::string::npos);
  EXPECT_NE(lines[1].find(R"("tags":[{"key":"team","value":"z"}])"), std::string::npos);
  EXPECT_NE(lines[2].find(R"("tagKeys":["old"])"), std::string::npos);
  EXPECT_NE(lines[3].find(R"("tags":[{"key":"new","value":"2"}])"), std::string::npos);
}

TEST(SetTags, SendsNoWriteWhereNothingChanges) {
  ProjectsCase with = answering(mantle, R"({"team":"x","env":"prod"})");
  const std::vector<ProjectTag> wanted{{"env", "prod"}, {"team", "x"}};
  ASSERT_TRUE(with.projects.set_tags("proj_a", wanted).ok());
  EXPECT_EQ(with.record->lines(), (Lines{"GET " + mantle_base + "/proj_a"}));
}

// The untag fails; the same call again reads the state anew and does only what is left.
TEST(SetTags, IsFinishedByTheSameCallAfterItFailedHalfway) {
  std::vector<ProjectTag> now{{"team", "x"}, {"old", "1"}};
  int untags = 0;
  ProjectsCase with(mantle, [&](const Sent& sent) -> Result<http::Response> {
    if (sent.body.find("add_tags") != std::string::npos) {
      const bool overwrites = sent.body.find("team") != std::string::npos;
      if (overwrites) now[0].value = "z";
      if (!overwrites) now.push_back({"new", "2"});
    } else if (!sent.body.empty()) {
      if (++untags == 1) return openai_error(403, "access_denied");
      now.erase(now.begin() + 1);
    }
    std::string tags = "{";
    for (const ProjectTag& tag : now) {
      tags += (tags.size() > 1 ? ",\"" : "\"") + tag.key + "\":\"" + tag.value + "\"";
    }
    return answer_of(200, project_json(mantle, "proj_a", tags + "}"));
  });
  const std::vector<ProjectTag> wanted{{"team", "z"}, {"new", "2"}};
  const Status first = with.projects.set_tags("proj_a", wanted);
  ASSERT_FALSE(first.ok());
  EXPECT_NE(first.error().message.find("cannot untag project 'proj_a'"), std::string::npos);
  EXPECT_EQ(with.record->sent.size(), 3U);
  ASSERT_TRUE(with.projects.set_tags("proj_a", wanted).ok());
  EXPECT_EQ(with.record->sent.size(), 6U);  // read, untag, add: "team" is right already
  EXPECT_EQ(now, wanted);
}

}  // namespace
}  // namespace costmark::testing
