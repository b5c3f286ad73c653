#include "costmark/model_routes.hpp"

#include <gtest/gtest.h>

#include <set>

namespace costmark {
namespace {

RouteFamily family(const ModelRoutes& routes, std::string_view model) {
  const ModelRoute* found = routes.find(model);
  return found == nullptr ? RouteFamily::unknown : found->family;
}

std::string failure(std::string_view text) {
  Result<ModelRoutes> routes = ModelRoutes::parse(text, "routes.txt");
  EXPECT_FALSE(routes.ok()) << text;
  if (routes.ok()) return {};
  EXPECT_EQ(routes.error().code, Code::invalid_option);
  return routes.error().message;
}

struct Known {
  const char* model;
  RouteFamily family;
};

TEST(ShippedRoutes, SayWhatWasMeasured) {
  const ModelRoutes routes;
  for (const auto& [model, expected] : {
           Known{"openai.gpt-oss-120b", RouteFamily::v1},
           Known{"openai.gpt-oss-20b", RouteFamily::v1},
           Known{"openai.gpt-oss-safeguard-20b", RouteFamily::v1},
           Known{"openai.gpt-5.4", RouteFamily::openai_v1},
           Known{"openai.gpt-5.4-2026-03-05", RouteFamily::openai_v1},
           Known{"openai.gpt-5.5-2026-04-23", RouteFamily::openai_v1},
           Known{"openai.gpt-5.6-sol", RouteFamily::openai_v1},
           Known{"openai.gpt-5.6-terra", RouteFamily::openai_v1},
           Known{"openai.gpt-5.6-luna", RouteFamily::openai_v1},
           Known{"openai.gpt-6-one", RouteFamily::unknown},
           Known{"google.gemma-3-27b-it", RouteFamily::v1},
           Known{"google.gemma-4-31b", RouteFamily::openai_v1},
           Known{"xai.grok-4.3", RouteFamily::openai_v1},
           Known{"xai.grok-4.6", RouteFamily::unknown},
           Known{"deepseek.v3.2", RouteFamily::v1},
           Known{"qwen.qwen3-32b", RouteFamily::v1},
           Known{"mistral.mistral-large-3", RouteFamily::v1},
           Known{"writer.palmyra-vision-7b", RouteFamily::v1},
           Known{"zai.glm-4.7", RouteFamily::v1},
           Known{"anthropic.claude-opus-4-8", RouteFamily::anthropic_v1},
           Known{"us.anthropic.claude-opus-4-8", RouteFamily::none},
           Known{"global.openai.gpt-5.6-sol", RouteFamily::none},
           Known{"us-gov.openai.gpt-5.6-sol", RouteFamily::none},
           Known{"made-up.model", RouteFamily::unknown},
           Known{"", RouteFamily::unknown},
       }) {
    EXPECT_EQ(family(routes, model), expected) << model;
  }
}

TEST(ShippedRoutes, NameTheirSourceDateAndLine) {
  const std::string_view text = ModelRoutes::shipped_text();
  Result<ModelRoutes> parsed = ModelRoutes::parse(text, "model-routes.txt");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;

  std::set<std::string> patterns;
  std::uint32_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    const std::string pattern(line.substr(0, line.find(' ')));
    EXPECT_TRUE(patterns.insert(pattern).second) << pattern << " stands there twice";
    std::string example = pattern;
    if (const auto star = example.find('*'); star != std::string::npos)
      example.replace(star, 1, "~");
    const ModelRoute* found = ModelRoutes().find(example);
    ASSERT_NE(found, nullptr) << pattern;
    EXPECT_EQ(found->pattern, pattern) << "an earlier line hides it";
    EXPECT_EQ(found->line, number);
    EXPECT_FALSE(found->as_of.empty()) << pattern;
    EXPECT_FALSE(found->source.empty()) << pattern;
    EXPECT_EQ(found->where(), "costmark's model-routes.txt:" + std::to_string(number));
  }
  EXPECT_GT(patterns.size(), 25U);
}

TEST(ModelRoutes, OfAFileAreAskedFirst) {
  Result<ModelRoutes> routes = ModelRoutes::parse(
      "\xEF\xBB\xBF# ours\r\n"
      "\r\n"
      "  openai.gpt-6-*\t/openai/v1 2026-11-02   the model's  card \r\n"
      "openai.gpt-5.5 unknown\n"
      "qwen.* none 2026-11\n"
      "team.model-? /v1",
      "routes.txt");
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  EXPECT_EQ(family(routes.value(), "openai.gpt-6-one"), RouteFamily::openai_v1);
  EXPECT_EQ(family(routes.value(), "openai.gpt-5.5"), RouteFamily::unknown);
  EXPECT_EQ(family(routes.value(), "openai.gpt-5.4"), RouteFamily::openai_v1) << "as it ships";
  EXPECT_EQ(family(routes.value(), "qwen.qwen3-32b"), RouteFamily::none);
  EXPECT_EQ(family(routes.value(), "team.model-1"), RouteFamily::v1);
  EXPECT_EQ(family(routes.value(), "team.model-12"), RouteFamily::unknown);

  const ModelRoute* found = routes.value().find("openai.gpt-6-one");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->where(), "routes.txt:3");
  EXPECT_EQ(found->as_of, "2026-11-02");
  EXPECT_EQ(found->source, "the model's  card");
  EXPECT_EQ(routes.value().find("qwen.x")->source, "");
  EXPECT_EQ(routes.value().find("openai.gpt-5.5")->as_of, "");
}

TEST(ModelRoutes, TheFirstLineThatMatchesDecides) {
  Result<ModelRoutes> routes = ModelRoutes::parse("a.b* /v1\na.* /openai/v1\n* none\n", "r");
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(family(routes.value(), "a.bc"), RouteFamily::v1);
  EXPECT_EQ(family(routes.value(), "a.c"), RouteFamily::openai_v1);
  EXPECT_EQ(family(routes.value(), "openai.gpt-5.5"), RouteFamily::none);
}

TEST(ModelRoutes, MistakesAreNamedWithTheirLine) {
  EXPECT_TRUE(
      failure("# fine\n\nopenai.x\n").starts_with("routes.txt:3: 'openai.x' has no route; "));
  EXPECT_NE(failure("a /v1\nb /v2\n").find("routes.txt:2: '/v2' is no route;"), std::string::npos);
  EXPECT_NE(failure("a /v1/").find("'/v1/' is no route"), std::string::npos);
  EXPECT_NE(failure("a /V1").find("/v1, /openai/v1, /anthropic/v1, none, unknown"),
            std::string::npos);
  for (const char* date : {"2026", "2026-13", "2026-00", "2026-1", "2026-11-32", "2026-11-00",
                           "2026/11", "2026-11-1", "yesterday", "2026-11-021"}) {
    EXPECT_NE(failure(std::string("a /v1 ") + date).find("is no date"), std::string::npos) << date;
  }
  EXPECT_NE(failure(std::string("a\0 /v1", 6)).find("routes.txt:1: only comments"),
            std::string::npos);
  EXPECT_NE(failure("a /v1 2026-11 gr\xC3\xBC\xC3\x9F").find("printable ASCII"), std::string::npos);
  EXPECT_NE(failure("a /v1 2026-11 \x1B[31m").find("printable ASCII"), std::string::npos);
  EXPECT_NE(failure("# ok\na /v1 2026-11 " + std::string(5000, 'x')).find("routes.txt:2: the line"),
            std::string::npos);
}

TEST(ModelRoutes, CommentsMayHoldAnything) {
  const std::string text = "# gr\xC3\xBC\xC3\x9F\xFF\n#" + std::string(10000, '#') + "\n  # \n";
  Result<ModelRoutes> routes = ModelRoutes::parse(text, "r");
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  EXPECT_EQ(family(routes.value(), "qwen.qwen3-32b"), RouteFamily::v1);
  EXPECT_TRUE(ModelRoutes::parse("", "r").ok());
  EXPECT_TRUE(ModelRoutes::parse("\n\n\r\n", "r").ok());
}

}  // namespace
}  // namespace costmark
