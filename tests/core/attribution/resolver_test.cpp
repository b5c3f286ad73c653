#include "attribution/resolver.hpp"

#include <gtest/gtest.h>

namespace costmark::attribution {
namespace {

Candidates everything() {
  Candidates candidates;
  candidates.scope = "proj_scope";
  candidates.rule = "proj_rule";
  candidates.client = "proj_client";
  candidates.environment = "proj_environment";
  return candidates;
}

TEST(Resolver, TheFirstHitWins) {
  const Resolver resolver(ConflictPolicy::keep, {});
  Candidates candidates = everything();
  candidates.header = "proj_header";
  const auto expect = [&](std::string_view project, ProjectSource source) {
    const Result<Decision> decision = resolver.resolve(candidates);
    ASSERT_TRUE(decision.ok());
    EXPECT_EQ(decision.value().project, project);
    EXPECT_EQ(decision.value().source, source);
  };
  expect("proj_header", ProjectSource::request);
  candidates.header = {};
  expect("proj_scope", ProjectSource::scope);
  candidates.scope = {};
  expect("proj_rule", ProjectSource::rule);
  candidates.rule = {};
  expect("proj_client", ProjectSource::client);
  candidates.client = {};
  expect("proj_environment", ProjectSource::environment);
  candidates.environment = {};
  expect("", ProjectSource::none);
}

TEST(Resolver, ConflictsGoByThePolicy) {
  Candidates candidates = everything();
  candidates.body = "proj_body";
  EXPECT_EQ(Resolver(ConflictPolicy::keep, {}).resolve(candidates).value().project, "proj_body");
  EXPECT_EQ(Resolver(ConflictPolicy::override, {}).resolve(candidates).value().project,
            "proj_scope");
  const Result<Decision> refused = Resolver(ConflictPolicy::refuse, {}).resolve(candidates);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_NE(refused.error().message.find("proj_body"), std::string::npos);
  EXPECT_NE(refused.error().message.find("proj_scope"), std::string::npos);

  candidates.body = "proj_scope";
  EXPECT_TRUE(Resolver(ConflictPolicy::refuse, {}).resolve(candidates).ok());
}

TEST(Resolver, ARequestThatNamesTwoProjectsIsAlwaysAConflict) {
  for (const auto policy :
       {ConflictPolicy::keep, ConflictPolicy::override, ConflictPolicy::refuse}) {
    Candidates candidates;
    candidates.header = "proj_a";
    candidates.body = "proj_b";
    const Result<Decision> decision = Resolver(policy, {}).resolve(candidates);
    ASSERT_FALSE(decision.ok());
    EXPECT_EQ(decision.error().code, Code::conflict);
  }
  Candidates same;
  same.argument = "proj_a";
  same.header = "arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a";
  same.body = "proj_a";
  EXPECT_EQ(Resolver(ConflictPolicy::refuse, {}).resolve(same).value().project, "proj_a");
}

TEST(Resolver, NothingChoosesAProjectOutsideTheAllowedOnes) {
  const Resolver resolver(ConflictPolicy::keep, {"proj_team*", "proj_?"});
  Candidates candidates;
  candidates.body = "proj_team_red";
  EXPECT_TRUE(resolver.resolve(candidates).ok());
  candidates.body = "proj_x";
  EXPECT_TRUE(resolver.resolve(candidates).ok());
  candidates.body = "proj_other";
  const Result<Decision> refused = resolver.resolve(candidates);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::project_not_allowed);
  EXPECT_TRUE(resolver.resolve({}).ok());
}

TEST(Resolver, IdsAndPatternsAreAllowedBesideEachOther) {
  const Resolver resolver(ConflictPolicy::keep,
                          {"proj_c", "proj_team*", "proj_a", "proj_a", "default", "*_x"});
  for (const char* project :
       {"proj_a", "proj_c", "proj_team", "proj_team_red", "default", "proj_x"}) {
    EXPECT_TRUE(resolver.allows(project)) << project;
  }
  for (const char* project : {"", "proj_b", "proj_", "proj_aa", "proj_d", "x"}) {
    EXPECT_FALSE(resolver.allows(project)) << project;
  }
  EXPECT_FALSE(Resolver(ConflictPolicy::keep, {"proj_a"}).allows("proj_b"));
  EXPECT_FALSE(Resolver(ConflictPolicy::keep, {"proj_a*"}).allows("proj_b"));
  EXPECT_TRUE(Resolver(ConflictPolicy::keep, {}).allows("proj_b"));
}

TEST(Resolver, BadIdsAreRefusedWhereTheyStand) {
  const Resolver resolver(ConflictPolicy::keep, {});
  Candidates candidates;
  candidates.header = "proj\r\nevil";
  EXPECT_EQ(resolver.resolve(candidates).error().code, Code::invalid_project);
  candidates.header = {};
  candidates.scope = "default";
  EXPECT_EQ(resolver.resolve(candidates).error().code, Code::invalid_project);
}

}  // namespace
}  // namespace costmark::attribution
