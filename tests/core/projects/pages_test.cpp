#include <gtest/gtest.h>

#include "core/projects/scripted_exchange.hpp"

namespace costmark::testing {
namespace {

constexpr auto mantle = ProjectPlane::mantle;
constexpr auto bedrock = ProjectPlane::bedrock;

// A page of projects with these ids ("proj_a!": archived).
std::string page(ProjectPlane plane, std::vector<std::string> ids, std::string_view next) {
  std::string items;
  for (const std::string& id : ids) {
    const bool archived = id.ends_with('!');
    items += (items.empty() ? "" : ",") + project_json(plane,
                                                       id.substr(0, id.size() - (archived ? 1 : 0)),
                                                       "{}", archived ? "archived" : "active");
  }
  if (plane == bedrock) {
    const std::string token = next.empty() ? "" : R"(,"nextToken":")" + std::string(next) + R"(")";
    return R"({"projectSummaries":[)" + items + "]" + token + "}";
  }
  return R"({"data":[)" + items + R"(],"first_id":null,"has_more":)" +
         (next.empty() ? "false" : "true") + R"(,"last_id":")" + std::string(next) +
         R"(","object":"list"})";
}

struct Listed {
  std::vector<std::string> ids;
  Status status;
};

Listed list(Projects& projects, bool include_archived = false) {
  Listed listed;
  listed.status = projects.list(include_archived, [&](const Project& project) {
    listed.ids.push_back(project.id);
    return Status();
  });
  return listed;
}

// Answers by what the URL ends with; "" for the first page.
Script pages(std::vector<std::pair<std::string, std::string>> by_end) {
  return [by_end = std::move(by_end)](const Sent& sent) -> Result<http::Response> {
    for (const auto& [end, body] : by_end) {
      if (sent.url.ends_with(end)) return answer_of(200, body);
    }
    return answer_of(400, "{}");
  };
}

using Ids = std::vector<std::string>;

TEST(ListProjects, ReadsAllPagesOfMantle) {
  ProjectsCase with(mantle, pages({{"?after=proj_b", page(mantle, {"proj_c"}, "")},
                                   {"/projects", page(mantle, {"proj_a", "proj_b"}, "proj_b")}}));
  const Listed listed = list(with.projects);
  ASSERT_TRUE(listed.status.ok()) << listed.status.error().message;
  EXPECT_EQ(listed.ids, (Ids{"proj_a", "proj_b", "proj_c"}));
  EXPECT_EQ(with.record->sent.size(), 2U);
}

TEST(ListProjects, ReadsAllPagesOfBedrock) {
  ProjectsCase with(bedrock, pages({{"?maxResults=100&nextToken=a%2F%2B%3D%26b&statusFilter=active",
                                     page(bedrock, {"proj_c"}, "")},
                                    {"?maxResults=100&statusFilter=active",
                                     page(bedrock, {"proj_a", "proj_b"}, "a/+=&b")}}));
  const Listed listed = list(with.projects);
  ASSERT_TRUE(listed.status.ok()) << listed.status.error().message;
  EXPECT_EQ(listed.ids, (Ids{"proj_a", "proj_b", "proj_c"}));
}

TEST(ListProjects, LeavesArchivedOnesOutUnlessAskedForThem) {
  const std::string all = page(mantle, {"proj_a", "proj_b!"}, "");
  ProjectsCase without(mantle, pages({{"/projects", all}}));
  EXPECT_EQ(list(without.projects).ids, (Ids{"proj_a"}));
  ProjectsCase with(mantle, pages({{"?include_archived=true", all}}));
  EXPECT_EQ(list(with.projects, true).ids, (Ids{"proj_a", "proj_b"}));
  ProjectsCase on_bedrock(bedrock,
                          pages({{"?maxResults=100", page(bedrock, {"proj_a", "proj_b!"}, "")}}));
  EXPECT_EQ(list(on_bedrock.projects, true).ids, (Ids{"proj_a", "proj_b"}));
}

TEST(ListProjects, MayBeEmptyAndMayHaveEmptyPages) {
  ProjectsCase empty(bedrock, pages({{"active", page(bedrock, {}, "")}}));
  EXPECT_EQ(list(empty.projects).ids, Ids{});
  ProjectsCase with(bedrock,
                    pages({{"nextToken=t&statusFilter=active", page(bedrock, {"proj_a"}, "")},
                           {"active", page(bedrock, {}, "t")}}));
  EXPECT_EQ(list(with.projects).ids, (Ids{"proj_a"}));
}

TEST(ListProjects, EndsWithAnErrorWhenATokenRepeats) {
  int page_number = 0;
  ProjectsCase with(bedrock, [&](const Sent&) -> Result<http::Response> {
    return answer_of(200, page(bedrock, {"proj_" + std::to_string(++page_number)}, "same"));
  });
  const Listed listed = list(with.projects);
  ASSERT_FALSE(listed.status.ok());
  EXPECT_EQ(listed.status.error().code, Code::service);
  EXPECT_EQ(listed.status.error().message,
            "cannot list the projects: the service continues with a token that it has sent before, "
            "so that the list has no end (2 projects were read)");
}

TEST(ListProjects, EndsWithAnErrorWhenAPageRepeats) {
  int page_number = 0;
  ProjectsCase with(bedrock, [&](const Sent&) -> Result<http::Response> {
    return answer_of(200, page(bedrock, {"proj_a"}, "token" + std::to_string(++page_number)));
  });
  const Listed listed = list(with.projects);
  ASSERT_FALSE(listed.status.ok());
  EXPECT_NE(listed.status.error().message.find("sends a page that it has sent before"),
            std::string::npos);
  EXPECT_EQ(listed.ids, (Ids{"proj_a"}));
  EXPECT_EQ(with.record->sent.size(), 2U);
}

TEST(ListProjects, DoesNotGoOnForEverOverEmptyPages) {
  int page_number = 0;
  ProjectsCase with(bedrock, [&](const Sent&) -> Result<http::Response> {
    return answer_of(200, page(bedrock, {}, "token" + std::to_string(++page_number)));
  });
  EXPECT_FALSE(list(with.projects).status.ok());
  EXPECT_LE(with.record->sent.size(), 1000U);
}

// Another program made a project meanwhile, and what follows moved on by one.
TEST(ListProjects, ShowsAProjectOnceThatMovedToTheNextPage) {
  ProjectsCase with(
      bedrock, pages({{"nextToken=t&statusFilter=active", page(bedrock, {"proj_b", "proj_c"}, "")},
                      {"active", page(bedrock, {"proj_a", "proj_b"}, "t")}}));
  EXPECT_EQ(list(with.projects).ids, (Ids{"proj_a", "proj_b", "proj_c"}));
}

TEST(ListProjects, StopsWhereTheCallerDoes) {
  ProjectsCase with(mantle, pages({{"/projects", page(mantle, {"proj_a", "proj_b"}, "proj_b")}}));
  int seen = 0;
  const Status status = with.projects.list(false, [&](const Project&) -> Status {
    ++seen;
    return {Code::stopped_by_callback, "enough"};
  });
  EXPECT_EQ(status.error().code, Code::stopped_by_callback);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(with.record->sent.size(), 1U);
}

TEST(ListProjects, OutlivesTheProjects) {
  auto with =
      std::make_unique<ProjectsCase>(mantle, pages({{"/projects", page(mantle, {"proj_a"}, "")}}));
  ProjectPages all(with->projects, false);
  with.reset();
  EXPECT_EQ(all.next().value()->size(), 1U);
  EXPECT_FALSE(all.next().value());
  EXPECT_FALSE(all.next().value());
}

}  // namespace
}  // namespace costmark::testing
