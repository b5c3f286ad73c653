// The proof that an endpoint reads the project of requests, over endpoints that answer by script.
#include "client/verify/probe.hpp"
#include "verify_script.hpp"

namespace costmark::testing {
namespace {

// --- The verdict -----------------------------------------------------------------------------

TEST(Verify, AStrictEndpointHonorsTheProject) {
  const VerifyCase test(strict);
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
  EXPECT_EQ(found.endpoint, std::string(mantle) + "/chat/completions");
  EXPECT_EQ(found.carrier, "header");
  EXPECT_EQ(found.project, "proj_a");
  EXPECT_EQ(found.model, model);
  EXPECT_EQ(found.api, Api::chat_completions);
  EXPECT_EQ(found.checked_at, test_time);
  ASSERT_EQ(found.probes.size(), 2U);
  EXPECT_EQ(found.probes[0].status, 404);
  EXPECT_EQ(found.probes[0].code, "not_found_error");
  EXPECT_EQ(found.probes[0].request_id, "req_1");
  EXPECT_EQ(found.probes[1].status, 200);
  EXPECT_EQ(found.probes[1].project, "proj_a");
  EXPECT_EQ(found.probes[1].usage.input_tokens, 8U);
}

TEST(Verify, ProbesAreTheSmallestRequestsAndSigned) {
  const VerifyCase test(strict);
  (void)test.verify();
  const std::vector<Sent> sent = test.endpoint->sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].body, sent[1].body) << "the project is to be the only difference";
  EXPECT_EQ(sent[0].body, R"({"model":"openai.gpt-oss-120b","messages":[{"role":"user",)"
                          R"("content":"1"}],"max_completion_tokens":1})");
  EXPECT_EQ(sent[1].header("openai-project"), "proj_a");
  for (const Sent& each : sent) {
    EXPECT_EQ(each.header("content-type"), "application/json");
    EXPECT_NE(each.header("authorization").find("openai-project"), std::string::npos);
  }
}

TEST(Verify, AnEndpointThatServesAnythingIgnoresTheProject) {
  const VerifyCase test(deaf);
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::not_honored);
  EXPECT_EQ(found.probes.size(), 1U) << "that is the finding; no more is spent";
  EXPECT_NE(found.reason.find("ignores"), std::string::npos) << found.reason;
}

// What is spent is counted: for the real project, and for the default one where that was billed.
TEST(Verify, WhatWasSpentIsCounted) {
  const VerifyCase strict_case(strict);
  (void)strict_case.verify();
  auto usage = strict_case.client->usage();
  ASSERT_EQ(usage.size(), 1U);
  EXPECT_EQ(usage["proj_a"].operations, 1U);
  EXPECT_EQ(usage["proj_a"].input_tokens, 8U);
  const VerifyCase deaf_case(deaf);
  (void)deaf_case.verify();
  usage = deaf_case.client->usage();
  ASSERT_EQ(usage.size(), 1U);
  EXPECT_EQ(usage["default"].output_tokens, 1U);
}

TEST(Verify, EachAPIHasItsFormAndCarrier) {
  struct Row {
    std::string_view base;
    std::string_view model;
    Api api;
    std::string_view url;
    std::string_view carrier;
    std::string_view answer;
  };
  const Row rows[] = {
      {mantle, model, Api::responses, "https://bedrock-mantle.us-east-1.api.aws/v1/responses",
       "header", R"({"object":"response","output":[]})"},
      {"https://bedrock-mantle.us-east-1.api.aws/anthropic", "anthropic.claude-opus-4-8",
       Api::other, "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "workspace",
       R"({"type":"message","content":[]})"},
      {mantle, "anthropic.claude-opus-4-8", Api::other,
       "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "workspace",
       R"({"type":"message","content":[]})"},
      {mantle, model, Api::embeddings, "https://bedrock-mantle.us-east-1.api.aws/v1/embeddings",
       "header", R"({"object":"list","data":[]})"},
      {"https://bedrock-mantle.us-east-1.api.aws", "openai.gpt-5.6-sol", Api::other,
       "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions", "header",
       chat_answer},
      {"http://gateway.example:8080/llm/v1/", model, Api::other,
       "http://gateway.example:8080/llm/v1/chat/completions", "body", chat_answer},
  };
  for (const Row& row : rows) {
    const VerifyCase test(
        [&row](const Sent& sent) {
          return sent.impossible() ? no_such_project(sent.project()) : answer_of(200, row.answer);
        },
        {{"base_url", std::string(row.base)}, {"region", "us-east-1"}});
    VerifyRequest request;
    request.model = row.model;
    request.api = row.api;
    const Verification found = test.verify(request);
    EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
    EXPECT_EQ(found.endpoint, row.url);
    EXPECT_EQ(found.carrier, row.carrier);
    EXPECT_EQ(found.api, row.api == Api::other
                             ? (row.carrier == "workspace" ? Api::messages : Api::chat_completions)
                             : row.api);
  }
}

TEST(Verify, TheMessagesShapeOfErrorsIsRead) {
  const VerifyCase test(
      [](const Sent& sent) {
        EXPECT_EQ(sent.header("anthropic-version"), "2023-06-01");
        EXPECT_EQ(sent.header("openai-project"), "(absent)");
        if (!sent.impossible()) return answer_of(200, R"({"type":"message","content":[]})", "");
        return answer_of(404,
                         R"({"type":"error","request_id":"req_body","error":{"type":)"
                         R"("not_found_error","message":"Project 'arn:aws:x:project/)" +
                             sent.project() + R"(' does not exist"}})",
                         "");
      },
      {{"base_url", "https://bedrock-mantle.us-east-1.api.aws/anthropic"}});
  VerifyRequest request;
  request.model = "anthropic.claude-opus-4-8";
  const Verification found = test.verify(request);
  EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
  EXPECT_EQ(found.probes[0].code, "not_found_error");
  EXPECT_EQ(found.probes[0].request_id, "req_body");
}

TEST(Verify, WithoutABaseUrlItIsTheMantleHostOfTheRegion) {
  const auto endpoint = std::make_shared<Endpoint>(strict);
  ClientConfig config = config_of(with_keys({{"region", "eu-west-1"}, {"project", "proj_a"}}));
  config.transport = endpoint;
  const auto client = Client::create(std::move(config)).value();
  VerifyRequest request;
  request.model = model;
  const auto found = client->verify(request);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.value().endpoint, "https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions");
}

TEST(Verify, WithoutAModelTheProjectIsLookedUp) {
  const VerifyCase test(strict);
  const Verification found = test.verify_as_is({});
  EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
  const std::vector<Sent> sent = test.endpoint->sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].method, "GET");
  EXPECT_EQ(sent[1].url,
            "https://bedrock-mantle.us-east-1.api.aws/v1/organization/projects/proj_a");
  EXPECT_EQ(sent[1].body, "");
  EXPECT_NE(sent[1].header("authorization").find("AWS4-HMAC-SHA256"), std::string::npos);
  EXPECT_TRUE(test.client->usage().empty()) << "nothing was generated";
}

TEST(Verify, WhatIsWrongWithTheRealProjectIsSaid) {
  struct Row {
    http::Response (*answer)(const Sent&);
    std::string_view said;
  };
  const Row rows[] = {
      {[](const Sent& sent) { return no_such_project(sent.project()); }, "does not exist"},
      {[](const Sent& sent) {
         return answer_of(200, R"({"id":")" + sent.project() + R"(","status":"archived"})");
       },
       "archived"},
      {[](const Sent&) { return answer_of(200, R"({"id":"proj_b","status":"active"})"); },
       "not this API"},
      {[](const Sent&) { return error_of(403, "access_denied", "no"); }, "access was denied"},
      {[](const Sent&) { return answer_of(404, ""); }, "nothing answers"},
  };
  for (const Row& row : rows) {
    const VerifyCase test([&row](const Sent& sent) {
      return sent.impossible() ? no_such_project(sent.project()) : row.answer(sent);
    });
    const Verification found = test.verify_as_is({});
    EXPECT_EQ(found.verdict, Verdict::unknown);
    EXPECT_NE(found.reason.find(row.said), std::string::npos) << found.reason;
  }
}

// A 404 for the impossible project that is not about it proves nothing.
TEST(Verify, ARefusalForAnotherReasonIsNoProof) {
  const std::string about_model = R"({"error":{"code":"not_found_error","type":"not_found_error",)"
                                  R"("message":"The model 'openai.gpt-oss-120b' does not exist"}})";
  struct Row {
    int status;
    std::string body;
    std::string_view said;
    bool retryable;
    std::size_t requests;
  };
  const Row rows[] = {
      {404, "", "nothing answers", false, 1},
      {404, about_model, "does not have model", false, 1},
      {404, R"({"error":{"code":"model_not_found","message":"?"}})", "does not have model", false,
       1},
      {401, R"({"error":{"code":"invalid_api_key"}})", "access was denied", false, 1},
      {403, R"({"error":{"code":"access_denied"}})", "access was denied", false, 1},
      {407, "", "access was denied", false, 1},
      {408, "", "busy", true, 1},
      {429, R"({"error":{"code":"throttled"}})", "busy", true, 1},
      {500, "oops", "service failed", true, 1},
      {503, "", "service failed", true, 1},
      {400, "Internal server error", "service failed", true, 1},
      {301, "", "points elsewhere", false, 1},
      {307, "", "points elsewhere", false, 1},
      {200, "<html>Sign in to the network</html>", "not this API", false, 1},
      {200, "", "not this API", false, 1},
      {200, R"({"error":"no"})", "not this API", false, 1},
      {200, R"({"choices":"garbage"})", "not this API", false, 1},
      {204, "", "not this API", false, 1},
      {100, "", "not this API", false, 1},
      {400, R"({"error":{"message":"model `x` isn't supported on this route"}})",
       "not on this path", false, 1},
      {400, R"({"error":{"code":"validation_error","message":"no"}})", "no proof", false, 2},
      {422, "garbage", "no proof", false, 2},
      {404, "<html>Not Found</html>", "no proof", false, 2},
  };
  for (const Row& row : rows) {
    const VerifyCase test(always(row.status, row.body));
    const Verification found = test.verify();
    EXPECT_EQ(found.verdict, Verdict::unknown) << row.status << row.body;
    EXPECT_NE(found.reason.find(row.said), std::string::npos) << found.reason;
    EXPECT_EQ(found.retryable, row.retryable) << row.status;
    EXPECT_EQ(test.endpoint->sent().size(), row.requests) << row.status << row.body;
  }
}

TEST(Verify, NoAnswerIsNoProof) {
  for (const Code code : {Code::transport, Code::timeout}) {
    const VerifyCase test([code](const Sent&) -> Result<http::Response> {
      return Error{code, "no connection to https://bedrock-mantle.us-east-1.api.aws",
                   {},   0,
                   {},   code == Code::timeout};
    });
    const Verification found = test.verify();
    EXPECT_EQ(found.verdict, Verdict::unknown);
    EXPECT_EQ(found.retryable, code == Code::timeout);
    ASSERT_EQ(found.probes.size(), 1U);
    EXPECT_EQ(found.probes[0].status, 0);
    EXPECT_NE(found.reason.find("no connection"), std::string::npos) << found.reason;
    EXPECT_TRUE(test.client->usage().empty());
  }
}

// The probe that is lost is the second one.
TEST(Verify, TheRealProjectMustBeServed) {
  const VerifyCase test([](const Sent& sent) -> Result<http::Response> {
    if (sent.impossible()) return no_such_project(sent.project());
    return Error{Code::timeout, "timed out", {}, 0, {}, true};
  });
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_TRUE(found.retryable);
  EXPECT_EQ(test.client->usage()["proj_a"].failed_attempts, 1U);
}

// --- Gateways ----------------------------------------------------------------------------------

TEST(Verify, AtAGatewayTheDifferenceIsTheProof) {
  for (const int status : {400, 403, 404, 422}) {
    const VerifyCase test(
        [status](const Sent& sent) {
          return sent.impossible() ? answer_of(status, R"({"detail":"no budget"})")
                                   : answer_of(200, chat_answer);
        },
        {{"base_url", "https://gateway.example/v1"}});
    const Verification found = test.verify();
    EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
    EXPECT_EQ(found.carrier, "body");
    ASSERT_EQ(found.probes.size(), 3U);
    EXPECT_EQ(found.probes[0].project, found.probes[2].project);
    EXPECT_EQ(found.probes[2].status, status);
    const std::vector<Sent> sent = test.endpoint->sent();
    EXPECT_EQ(sent[0].header("authorization"), "(absent)") << "no AWS signature goes to a gateway";
  }
}

// The endpoint may have read the project and still have refused for want of the model.
TEST(Verify, ARefusalThatNamesModelAndProjectIsNoDocumentedOne) {
  const VerifyCase test([](const Sent& sent) {
    if (sent.method == "GET") {
      return answer_of(200, R"({"id":"proj_a","status":"active"})");
    }
    return error_of(404, "not_found_error",
                    "The model 'costmark.no-such-model' does not exist in " + sent.project());
  });
  EXPECT_EQ(test.verify_as_is({}).verdict, Verdict::unknown);
}

TEST(Verify, AnEchoOfTheProjectIsNoProof) {
  const VerifyCase test(
      [](const Sent& sent) {
        return answer_of(404, R"({"error":{"code":"not_found_error","message":"no route for )" +
                                  sent.project() + R"("}})");
      },
      {{"base_url", "https://gateway.example/v1"}});
  EXPECT_EQ(test.verify().verdict, Verdict::unknown);
}

TEST(Verify, AnswersThatVaryAreNoProof) {
  std::atomic<int> calls{0};
  const VerifyCase test(
      [&calls](const Sent&) {
        return ++calls == 1 ? answer_of(400, "{}") : answer_of(200, chat_answer);
      },
      {{"base_url", "https://gateway.example/v1"}});
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_NE(found.reason.find("differ"), std::string::npos) << found.reason;
}

TEST(Verify, AnAccessPolicyThatNamesTheProjectIsAProofToo) {
  const VerifyCase test([](const Sent& sent) {
    if (!sent.impossible()) return answer_of(200, chat_answer);
    return error_of(403, "access_denied",
                    "User is not authorized to perform: bedrock-mantle:CreateInference on "
                    "resource: arn:aws:bedrock-mantle:us-east-1:1:project/" +
                        sent.project());
  });
  EXPECT_EQ(test.verify().verdict, Verdict::honored);
}

TEST(Verify, ARuntimeHostHasTheDefaultProjectAlone) {
  const VerifyCase test(
      [](const Sent& sent) {
        return sent.project() == "default" ? answer_of(200, chat_answer)
                                           : error_of(400, "validation_error", "no such project");
      },
      {{"base_url", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"},
       {"carrier", "header"},
       {"runtime_project", "refuse"}});
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_NE(found.reason.find("only the default project"), std::string::npos) << found.reason;
  const VerifyCase ignored(deaf, {{"base_url", "https://bedrock-runtime.us-east-1.amazonaws.com"}});
  EXPECT_EQ(ignored.verify().verdict, Verdict::not_honored);
  EXPECT_EQ(ignored.endpoint->sent()[0].url,
            "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1/chat/completions");
}

// --- What a model takes ----------------------------------------------------------------------

TEST(Verify, AModelWithResponsesOnlyIsAskedThere) {
  const VerifyCase test([](const Sent& sent) {
    if (sent.impossible()) return no_such_project(sent.project());
    if (sent.url.find("/chat/completions") != std::string::npos) {
      return error_of(400, "validation_error",
                      "The model 'm' does not support the '/v1/chat/completions' API");
    }
    return answer_of(200, R"({"object":"response","output":[]})");
  });
  const Verification found = test.verify();
  EXPECT_EQ(found.verdict, Verdict::honored) << found.reason;
  EXPECT_EQ(found.api, Api::responses);
  EXPECT_EQ(found.endpoint, std::string(mantle) + "/responses");
  EXPECT_NE(test.endpoint->sent().back().body.find(R"("max_output_tokens":16)"), std::string::npos);

  VerifyRequest chat;
  chat.api = Api::chat_completions;
  EXPECT_EQ(test.verify(chat).verdict, Verdict::unknown) << "asked for chat, and for no other API";
  VerifyRequest url;
  const std::string chat_url = std::string(mantle) + "/chat/completions?x=1";
  url.url = chat_url;
  url.force = true;
  EXPECT_EQ(test.verify(url).endpoint, std::string(mantle) + "/responses");
  EXPECT_EQ(test.endpoint->sent().back().url, std::string(mantle) + "/responses?x=1");
}

TEST(Verify, AServerWithTheOlderLimitIsAskedForThat) {
  const VerifyCase test([](const Sent& sent) {
    if (sent.body.find("max_completion_tokens") != std::string::npos) {
      return answer_of(400, R"({"error":{"message":"unknown","param":"max_completion_tokens"}})");
    }
    return strict(sent);
  });
  EXPECT_EQ(test.verify().verdict, Verdict::honored);
  EXPECT_EQ(test.endpoint->sent().size(), 3U);
}

TEST(Verify, AModelOnTheOtherPathIsFoundWhereThePathIsOpen) {
  const auto picky = [](const Sent& sent) {
    if (sent.url.find("/openai/v1/") == std::string::npos) {
      return error_of(400, "validation_error", "model `m` isn't supported on this route");
    }
    return strict(sent);
  };
  VerifyRequest request;
  request.model = "vendor.new";
  const VerifyCase open(picky, {{"base_url", "https://bedrock-mantle.us-east-1.api.aws"}});
  EXPECT_EQ(open.verify(request).verdict, Verdict::honored);
  const VerifyCase given(picky);
  EXPECT_EQ(given.verify(request).verdict, Verdict::unknown)
      << "a path that the caller gave is not left";
  const VerifyCase routed(strict, {{"route", "auto"}});
  request.model = "openai.gpt-5.6-sol";
  EXPECT_EQ(routed.verify(request).endpoint,
            "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions");
}

// --- Requests that cannot be made ------------------------------------------------------------

TEST(Verify, ErrorsOfTheCaller) {
  const auto code_of = [](const OptionValues& options, const VerifyRequest& request) {
    const auto endpoint = std::make_shared<Endpoint>(strict);
    ClientConfig config = config_of(options);
    config.transport = endpoint;
    const auto result = Client::create(std::move(config)).value()->verify(request);
    EXPECT_FALSE(result.ok());
    EXPECT_TRUE(endpoint->sent().empty());
    return result.ok() ? Code::ok : result.error().code;
  };
  const OptionValues good = with_keys({{"project", "proj_a"}, {"base_url", std::string(mantle)}});
  EXPECT_EQ(code_of(with_keys({{"base_url", std::string(mantle)}}), {}), Code::unattributed);
  EXPECT_EQ(code_of(with_keys({{"project", "proj_a"}}), {}), Code::invalid_option);
  VerifyRequest request;
  request.project = "not a project";
  EXPECT_EQ(code_of(good, request), Code::invalid_project);
  request.project = "default";
  EXPECT_EQ(code_of(good, request), Code::invalid_project);
  request = {};
  request.url = "https://elsewhere.example/v1/chat/completions";
  EXPECT_EQ(code_of(good, request), Code::endpoint_mismatch);
  request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/models";
  EXPECT_EQ(code_of(good, request), Code::invalid_argument);
  request.url = "no url";
  EXPECT_EQ(code_of(good, request), Code::invalid_url);
  EXPECT_EQ(
      code_of({{"project", "proj_a"}, {"base_url", std::string(mantle)}, {"auth", "bearer"}}, {}),
      Code::no_credentials);
}

TEST(Verify, PoliciesDoNotStopTheProbes) {
  const VerifyCase test(strict, {{"allowed_projects", "proj_a,proj_b"},
                                 {"conflict", "refuse"},
                                 {"unattributed", "refuse"},
                                 {"rules", "proj_b: model=*"}});
  EXPECT_EQ(test.verify().verdict, Verdict::honored);
  EXPECT_EQ(test.endpoint->sent()[1].project(), "proj_a");
}

// What the caller's requests carry goes along; what belongs to one request alone does not.
TEST(Verify, HeadersOfTheCaller) {
  const VerifyCase test(strict, {{"base_url", "https://gateway.example/v1"}});
  const std::vector<Header> headers{
      {"Authorization", "Bearer gateway"},   {"X-Team", "search"},
      {"Host", "gateway.example"},           {"OpenAI-Project", "proj_other"},
      {"anthropic-workspace", "proj_other"}, {"Content-Length", "7"},
      {"Accept-Encoding", "gzip"},           {"Idempotency-Key", "once"},
      {"x-amz-checksum-crc32", "AAAAAA=="}};
  VerifyRequest request;
  request.headers = headers;
  EXPECT_EQ(test.verify(request).verdict, Verdict::honored);
  for (const Sent& sent : test.endpoint->sent()) {
    EXPECT_EQ(sent.header("authorization"), "Bearer gateway");
    EXPECT_EQ(sent.header("x-team"), "search");
    for (const char* name : {"host", "openai-project", "anthropic-workspace", "content-length",
                             "accept-encoding", "idempotency-key", "x-amz-checksum-crc32"}) {
      EXPECT_EQ(sent.header(name), "(absent)") << name;
    }
  }
}

TEST(Verify, NothingThatIsSecretComesOut) {
  const std::string token = "sk-c4n4ry+secret/token";
  const VerifyCase test(
      [&token](const Sent&) {
        http::Response answer = answer_of(
            400, R"({"error":{"code":")" + token + R"(","message":"bad key )" + token + R"("}})",
            "");
        answer.headers.add("x-request-id", token);
        return answer;
      },
      {{"base_url", "https://gateway.example/v1"}, {"verify", "true"}});
  const std::string authorization = "Bearer " + token;
  const std::vector<Header> headers{{"Authorization", authorization}};
  VerifyRequest request;
  request.headers = headers;
  const std::string url = "https://gateway.example/v1/chat/completions?key=" + token;
  request.url = url;
  const Verification found = test.verify(request);
  std::string all = found.reason + found.endpoint + found.carrier + found.model;
  for (const auto& probe : found.probes) {
    all += probe.request + probe.code + probe.request_id + probe.finding;
  }
  Post post = chat_post(url);
  post.headers.push_back({"Authorization", authorization});
  EXPECT_TRUE(test.prepare(post).ok());
  for (const std::string& line : test.log) all += line;
  EXPECT_EQ(all.find("c4n4ry"), std::string::npos) << all;
  EXPECT_EQ(all.find(secret_key), std::string::npos);
}

TEST(Verify, TheImpossibleProjectIsSpelledLikeARealOneAndNeverTheSame) {
  const std::string id = client::impossible_project();
  EXPECT_TRUE(std::regex_match(id, std::regex("proj_[a-z0-9]{20}"))) << id;
  EXPECT_NE(id, client::impossible_project());
}

}  // namespace
}  // namespace costmark::testing
