#include "attribution/project_names.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "attribution/resolver.hpp"
#include "attribution/rules.hpp"

namespace costmark::attribution {
namespace {

constexpr ProjectPlace virginia{"us-east-1", "mantle"};

ProjectNames names() {
  return {"costmark.lock",
          {{"web", "proj_web", "111122223333", "us-east-1", "mantle"},
           {"web", "proj_web_eu", "111122223333", "eu-west-1", "mantle"},
           {"my-app-prod", "proj_app", "111122223333", "us-east-1", "mantle"},
           {"my-app-prod", "proj_app_runtime", "111122223333", "us-east-1", "bedrock"},
           {"shared", "proj_1", "111122223333", "us-east-1", "mantle"},
           {"shared", "proj_2", "444455556666", "us-east-1", "mantle"},
           {"Same everywhere", "proj_same", "111122223333", "us-east-1", "mantle"},
           {"Same everywhere", "proj_same", "111122223333", "us-east-1", "bedrock"},
           {"proj_looks_like_one", "proj_other", "111122223333", "us-east-1", "mantle"},
           {"team-a", "proj_a", "111122223333", "us-east-1", "mantle"},
           {"gateway", "team-a", "", "", ""},
           {"main", "default", "111122223333", "us-east-1", "mantle"}}};
}

std::string id_of(std::string_view text, const ProjectPlace& place = virginia) {
  const ProjectNames known = names();
  const auto id = known.id_of(text, "the scope", place);
  return id ? std::string(id.value()) : id.error().message;
}

TEST(ProjectNames, ANameStandsForTheProjectThatHasItWhereTheRequestGoes) {
  EXPECT_EQ(id_of("web"), "proj_web");
  EXPECT_EQ(id_of("web", {"eu-west-1", "mantle"}), "proj_web_eu");
  EXPECT_EQ(id_of("my-app-prod"), "proj_app");
  EXPECT_EQ(id_of("my-app-prod", {"us-east-1", "bedrock"}), "proj_app_runtime");
  EXPECT_EQ(id_of("web", {"us-east-1", "bedrock"}), "proj_web") << "no other has the name there";
  EXPECT_EQ(id_of("Same everywhere", {}), "proj_same") << "one project, wherever it is";
  EXPECT_EQ(id_of("gateway", {"ap-south-1", "mantle"}), "team-a") << "of any place";
}

TEST(ProjectNames, AnIdAlwaysStandsForItself) {
  EXPECT_EQ(id_of("proj_unknown"), "proj_unknown");
  EXPECT_EQ(id_of("proj_looks_like_one"), "proj_looks_like_one");
  EXPECT_EQ(id_of("team-a"), "team-a") << "the id of one, and the name of another";
  const ProjectNames none;
  EXPECT_EQ(none.id_of("web", "the scope", virginia).value(), "web");
  EXPECT_EQ(none.id_of("my app", "the scope", virginia).error().offset, 2U);
}

TEST(ProjectNames, AnAmbiguousNameIsAnErrorThatNamesThemAll) {
  EXPECT_EQ(id_of("shared"),
            "the scope: 'shared' may be proj_1 (account 111122223333, us-east-1, mantle) or proj_2 "
            "(account 444455556666, us-east-1, mantle), says costmark.lock; name the id");
  EXPECT_EQ(id_of("web", {}),
            "the scope: 'web' may be proj_web (account 111122223333, us-east-1, mantle) or "
            "proj_web_eu (account 111122223333, eu-west-1, mantle), says costmark.lock; name the "
            "id");
  std::vector<NamedProject> many;
  many.reserve(7);
  for (int i = 0; i < 7; ++i) many.push_back({"x", "proj_" + std::to_string(i), "", "", ""});
  const ProjectNames seven("lock", std::move(many));
  EXPECT_EQ(seven.id_of("x", "it", {}).error().message,
            "it: 'x' may be proj_0 or proj_1 or proj_2 or proj_3 or 3 others, says lock; name the "
            "id");
}

TEST(ProjectNames, AnUnknownOneSaysWhatMayHaveBeenMeant) {
  const std::string rest =
      "; `costmark projects apply` writes into it what there is, and an id is one that it lists, "
      "or begins with 'proj_'";
  EXPECT_EQ(id_of("my-app-prd"),
            "the scope: costmark.lock has no project that is named 'my-app-prd' in us-east-1; did "
            "you mean 'my-app-prod'?" +
                rest);
  EXPECT_EQ(id_of("web", {"ap-south-1", "mantle"}),
            "the scope: costmark.lock has no project that is named 'web' in ap-south-1, but "
            "proj_web (account 111122223333, us-east-1, mantle)" +
                rest);
  EXPECT_EQ(id_of("something else", {}),
            "the scope: costmark.lock has no project that is named 'something else'" + rest);
  EXPECT_EQ(id_of("xyz").find("did you mean"), std::string::npos);
  EXPECT_EQ(id_of(std::string(100'000, 'a')).find("aaaa"), std::string::npos);
  EXPECT_EQ(id_of("sk-0123456789abcdef").find("0123"), std::string::npos) << "maybe a key";
}

TEST(ProjectNames, SomeTextsAreNeverNames) {
  EXPECT_NE(id_of("default").find("reserved"), std::string::npos);
  EXPECT_NE(id_of("").find("is empty"), std::string::npos);
  EXPECT_EQ(id_of("arn:aws:bedrock-mantle:us-east-1:111122223333:project/web"), "web") << "an id";
  EXPECT_NE(id_of("arn:aws:s3:::web").find("not one of a project"), std::string::npos);
  EXPECT_NE(id_of("main").find("has no project"), std::string::npos) << "of the project default";
}

TEST(ProjectNames, WithoutARegionItIsEnoughThatSomeHasTheName) {
  const ProjectNames known = names();
  EXPECT_TRUE(known.check("web", "option 'project'", {}).ok());
  EXPECT_TRUE(known.check("web", "option 'project'", virginia).ok());
  EXPECT_FALSE(known.check("web", "option 'project'", {"ap-south-1", "mantle"}).ok());
  EXPECT_FALSE(known.check("shared", "option 'project'", virginia).ok());
  EXPECT_FALSE(known.check("wep", "option 'project'", {}).ok());
  EXPECT_FALSE(known.check("default", "option 'project'", {}).ok());
}

TEST(ProjectNames, AGlobStandsForTheIdsOfTheNamesThatItFits) {
  using Ids = std::vector<std::string_view>;
  const ProjectNames known = names();
  const auto ids = [&](std::string_view glob, std::string_view region = "us-east-1") {
    return known.ids_of_glob(glob, "allowed", region).value();
  };
  EXPECT_EQ(ids("web"), Ids{"proj_web"});
  EXPECT_EQ(ids("web", ""), (Ids{"proj_web", "proj_web_eu"}));
  EXPECT_EQ(ids("my-app-*"), (Ids{"proj_app", "proj_app_runtime"}));
  EXPECT_EQ(ids("proj_*"), Ids{}) << "such names are ids";
  EXPECT_EQ(ids("proj_looks_like_one"), Ids{});
  EXPECT_EQ(ids("team-a"), Ids{}) << "an id";
  EXPECT_EQ(ids("nothing-*"), Ids{});
  EXPECT_EQ(known.ids_of_glob("shared", "allowed", "").error().code, Code::invalid_project);
  EXPECT_EQ(ids("share*"), (Ids{"proj_1", "proj_2"}));
  EXPECT_EQ(ids("?hare*"), (Ids{"proj_1", "proj_2"}));
  EXPECT_EQ(ids("w?b"), Ids{"proj_web"});
  EXPECT_EQ(ids("web*"), Ids{"proj_web"});
  EXPECT_EQ(ids("zzz*"), Ids{});
  EXPECT_EQ(known.ids_of_glob("wep", "allowed", "").error().code, Code::invalid_project);
  EXPECT_TRUE(ProjectNames().ids_of_glob("web", "allowed", "").value().empty());
}

TEST(ProjectNames, StandForIdsWhereverAProjectIsNamed) {
  const Resolver resolver(ConflictPolicy::refuse, {"proj_web", "proj_app"}, names());
  const auto decided = [&](auto member, std::string_view text) {
    Candidates candidates;
    candidates.place = virginia;
    candidates.*member = text;
    const auto decision = resolver.resolve(candidates);
    return decision ? std::string(decision.value().project) : decision.error().message;
  };
  for (const auto member :
       {&Candidates::argument, &Candidates::header, &Candidates::body, &Candidates::scope,
        &Candidates::rule, &Candidates::client, &Candidates::environment}) {
    EXPECT_EQ(decided(member, "web"), "proj_web");
    EXPECT_NE(decided(member, "wep").find("did you mean 'web'?"), std::string::npos);
    EXPECT_NE(decided(member, "shared").find("may be proj_1"), std::string::npos);
    EXPECT_NE(decided(member, "team-a").find("allowed_projects"), std::string::npos);
  }
  for (const auto member : {&Candidates::argument, &Candidates::header, &Candidates::scope}) {
    EXPECT_EQ(decided(member, "arn:aws:bedrock:us-east-1:111122223333:project/proj_app"),
              "proj_app");
  }
  Candidates candidates;
  candidates.place = virginia;
  candidates.header = "my-app-prod";
  candidates.body = "proj_app";
  candidates.scope = "my-app-prod";
  EXPECT_EQ(resolver.resolve(candidates).value().project, "proj_app") << "all of them agree";
  candidates.scope = "web";
  EXPECT_EQ(resolver.resolve(candidates).error().code, Code::conflict);
}

TEST(ProjectNames, StandInRulesAsTheyAre) {
  const auto rules = Rules::parse("my-app-prod: model=*; Same everywhere: api=responses", names());
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  EXPECT_EQ(rules.value().match({"m", Api::other, "/"}), "my-app-prod");
  const auto unknown = Rules::parse("web: model=*; wep: api=responses", names());
  EXPECT_EQ(unknown.error().code, Code::invalid_option);
  EXPECT_EQ(unknown.error().offset, 13U);
}

// Who calls may name anything, and a region may have a thousand projects.
TEST(ProjectNames, WhatWasMeantIsFoundSoonAmongManyLongNames) {
  std::vector<NamedProject> many(1000);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = {std::to_string(i) + std::string(120, 'n'), "proj_" + std::to_string(i), "", "", ""};
  }
  const ProjectNames known("costmark.lock", std::move(many));
  const std::clock_t begin = std::clock();
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(known.id_of("x" + std::string(122, 'm'), "the scope", {}));
    const auto id = known.id_of("12" + std::string(121, 'n'), "the scope", {});
    ASSERT_FALSE(id);
    EXPECT_NE(id.error().message.find("did you mean '12"), std::string::npos);
  }
  EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace costmark::attribution
