// `prepare` allocates nothing once its output object has seen a request of the same size.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <span>

#include "core/client/client_fixture.hpp"
#include "core/counting_allocator.hpp"
#include "core/http/aws_frames.hpp"
#include "costmark/budgets.hpp"
#include "http/transport.hpp"

namespace costmark::testing {
namespace {

constexpr int prepares = 100;
// Body, canonical request, and the two halves of an HMAC.
constexpr std::size_t digests_per_prepare = 4;

std::size_t allocations_of_prepare(const std::shared_ptr<Client>& client, const Post& post) {
  Prepared prepared;
  const Request request = post.request();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->prepare(request, prepared).ok());
  const std::size_t before = allocations();
  const std::size_t openssl_before = openssl_allocations();
  for (int i = 0; i < prepares; ++i) {
    if (!client->prepare(request, prepared).ok()) return static_cast<std::size_t>(-1);
  }
  EXPECT_LE(openssl_allocations() - openssl_before, prepares * digests_per_prepare);
  return allocations() - before;
}

std::size_t allocations_of_prepare(const OptionValues& options, const Post& post) {
  return allocations_of_prepare(client_of(options), post);
}

// A whole operation: decided, prepared, sent, answered, counted.
std::size_t allocations_of_operation(const std::shared_ptr<Client>& client, const Post& post,
                                     std::string_view content_type, std::string_view answer,
                                     std::span<const NameValue> labels = {}) {
  Operation operation = client->operation();
  Request request = post.request();
  request.labels = labels;
  const Head head(200, content_type);
  std::size_t before = 0;
  for (int i = 0; i < prepares; ++i) {
    if (i == 3) before = allocations();
    if (!operation.begin(request).ok() || !operation.prepare().ok()) {
      return static_cast<std::size_t>(-1);
    }
    operation.sent();
    operation.head(head);
    operation.feed(answer);
    operation.finish();
  }
  return allocations() - before;
}

std::string chat_body(std::size_t size) {
  std::string body = R"({"model":"openai.gpt-oss-120b","stream":true,"messages":[)";
  while (body.size() < size) body += R"({"role":"user","content":"What \"is\" the time?"},)";
  body.back() = ']';
  return body + "}";
}

TEST(Allocations, TheCounterCounts) {
  ASSERT_TRUE(openssl_is_counted_apart());
  const std::size_t before = allocations();
  void* volatile block = std::malloc(100);
  std::free(block);
  const std::size_t of_malloc = allocations() - before;
  EXPECT_EQ(of_malloc, malloc_is_counted ? 1U : 0U);
  auto* volatile text = new std::string(100, 'x');
  delete text;
  EXPECT_GE(allocations() - before, of_malloc + 2);
}

TEST(Allocations, NoneWithTheBodyCarrierAndASignature) {
  const OptionValues options =
      with_keys({{"project", "proj_a"}, {"auth", "sigv4"}, {"carrier", "body"}});
  for (const std::size_t size : {100U, 10'000U, 1'000'000U}) {
    EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(size)}), 0U)
        << size;
  }
}

TEST(Allocations, NoneWhereDigestsAreTakenOut) {
  Post post{std::string(mantle_chat), chat_body(10'000)};
  post.headers.insert(post.headers.end(), {{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="},
                                           {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}});
  EXPECT_EQ(allocations_of_prepare(with_keys({{"project", "proj_a"}, {"carrier", "body"}}), post),
            0U);
}

TEST(Allocations, NoneInAWholeOperation) {
  const auto client =
      client_of(with_keys({{"project", "proj_a"}, {"auth", "sigv4"}, {"carrier", "body"}}));
  const Post post{std::string(mantle_chat), chat_body(10'000)};
  const std::string usage =
      R"("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})";
  const std::string event = R"({"id":"chatcmpl-1","model":"m","choices":[],)" + usage + "}";
  EXPECT_EQ(allocations_of_operation(client, post, "application/json", event), 0U);
  EXPECT_EQ(
      allocations_of_operation(client, post, "text/event-stream",
                               R"(data: {"id":"chatcmpl-1","choices":[{"delta":{"content":"a"}}]})"
                               "\n\ndata: " +
                                   event + "\n\ndata: [DONE]\n\n"),
      0U);
}

TEST(Allocations, NoneForConverseAndInvokeModel) {
  const auto client = client_of(with_keys({{"project", "proj_a"}, {"auth", "sigv4"}}));
  const std::string url =
      "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
      "arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Ainference-profile%2Fus.m";
  const std::string usage = R"("usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15})";
  EXPECT_EQ(allocations_of_operation(client, {url + "/converse", chat_body(10'000)},
                                     "application/json", "{" + usage + "}"),
            0U);
  EXPECT_EQ(allocations_of_operation(client, {url + "/converse-stream", chat_body(10'000)},
                                     "application/vnd.amazon.eventstream",
                                     http::aws_event("messageStop", "{}") +
                                         http::aws_event("metadata", "{" + usage + "}")),
            0U);
  EXPECT_EQ(allocations_of_operation(client, {url + "/invoke", chat_body(10'000)},
                                     "application/json", R"({"usage":{"input_tokens":10}})"),
            0U);
}

TEST(Allocations, NoneWhereRowsAreWritten) {
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const auto client = client_of({{"project", "proj_a"},
                                 {"ledger", "fd:" + std::to_string(null)},
                                 {"tags", "proj_a: team=search, cost-center=12"},
                                 {"ledger_hash_labels", "user"},
                                 {"ledger_hash_key", "0123456789abcdef"}});
  const NameValue labels[] = {{"feature", "a search that is longer than a short string"},
                              {"user", "ann"}};
  const Post post{std::string(custom_chat), R"({"model":"openai.gpt-oss-120b","messages":[]})"};
  const std::string answer =
      R"({"id":"chatcmpl-1","model":"m","service_tier":"default","choices":[],)"
      R"("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}})";
  EXPECT_EQ(allocations_of_operation(client, post, "application/json", answer, labels), 0U);
  EXPECT_EQ(client->ledger_counters().rows_written, 2U * prepares + 1);
  ::close(null);
}

TEST(Allocations, NoneUnderBudgets) {
  const auto client = client_of(
      {{"project", "proj_a"},
       {"region", "us-east-1"},
       {"budgets", "u: all 1000usd/day refuse; p: project=proj_a 1000000calls/day warn"}});
  const Post post{std::string(custom_chat),
                  R"({"model":"openai.gpt-oss-120b","max_tokens":5,"messages":[]})"};
  const std::string answer =
      R"({"id":"chatcmpl-1","model":"m","choices":[],)"
      R"("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}})";
  EXPECT_EQ(allocations_of_operation(client, post, "application/json", answer), 0U);
  EXPECT_GT(client->budgets()->state(0, 0).spent, 0);
}

TEST(Allocations, NoneWithTheHeaderCarrierRulesAndAToken) {
  const OptionValues options{{"rules", "proj_a: model=openai.*"},
                             {"bearer_token", "a-token-that-is-longer-than-a-short-string"}};
  EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(10'000)}), 0U);
}

TEST(Allocations, NoneForAModelThatIsServedOnAnotherPath) {
  const std::string url = "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions";
  for (const char* route : {"keep", "auto"}) {
    ClientConfig config = config_of(with_keys({{"project", "proj_a"}, {"route", route}}));
    config.log = [](LogLevel, std::string_view) {};
    const auto client = Client::create(std::move(config));
    ASSERT_TRUE(client.ok());
    EXPECT_EQ(allocations_of_prepare(client.value(), {url, chat_body(10'000)}), 0U) << route;
  }
}

TEST(Allocations, NoneWithCredentialsThatExpire) {
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.credentials = callback_credentials([] {
    Credentials::Fields fields;
    fields.access_key_id = "ASIAEXAMPLE";
    fields.secret_access_key = secret_key;
    fields.session_token = std::string(900, 't');
    fields.expires_at = test_time + 3600;
    return Credentials::create(std::move(fields));
  });
  const auto client = Client::create(std::move(config));
  ASSERT_TRUE(client.ok());
  const Post post{std::string(mantle_chat), chat_body(10'000)};
  EXPECT_EQ(allocations_of_prepare(client.value(), post), 0U);
}

TEST(Allocations, NoneWhileARefreshIsDueAndItsSourceIsDown) {
  UnixSeconds now = test_time;
  bool down = false;
  ClientConfig config = config_of({{"project", "proj_a"}});
  config.clock = [&now] { return now; };
  config.credentials = callback_credentials([&down]() -> Result<CredentialsPtr> {
    if (down) return Error{Code::transport, "the source is down"};
    Credentials::Fields fields;
    fields.access_key_id = "ASIAEXAMPLE";
    fields.secret_access_key = secret_key;
    fields.session_token = std::string(900, 't');
    fields.expires_at = test_time + 300;
    return Credentials::create(std::move(fields));
  });
  const auto client = Client::create(std::move(config)).value();
  const Post post{std::string(mantle_chat), chat_body(10'000)};
  Prepared first;
  ASSERT_TRUE(client->prepare(post.request(), first).ok());
  now += 250;
  down = true;
  EXPECT_EQ(allocations_of_prepare(client, post), 0U);
}

// An endpoint that refuses one project and serves another.
class Strict final : public http::Transport {
 public:
  Result<http::Response> send(const http::Request& request) override {
    http::Response answer;
    answer.status = request.body.find("proj_costmark") == std::string_view::npos ? 200 : 400;
    answer.body = R"({"choices":[]})";
    return answer;
  }
  void pause(std::chrono::milliseconds) override {}
};

TEST(Allocations, NoneOnceTheEndpointIsVerified) {
  ClientConfig config = config_of({{"project", "proj_a"}, {"verify", "true"}});
  config.transport = std::make_shared<Strict>();
  const auto client = Client::create(std::move(config));
  ASSERT_TRUE(client.ok());
  const Post post{std::string(custom_chat), chat_body(10'000)};
  EXPECT_EQ(allocations_of_prepare(client.value(), post), 0U);
  EXPECT_FALSE(client.value()->may_verify(custom_chat));
}

TEST(Allocations, NoneWithASessionToken) {
  OptionValues options = with_keys({{"project", "proj_a"}});
  options.emplace("session_token", std::string(900, 't'));
  EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(10'000)}), 0U);
}

}  // namespace
}  // namespace costmark::testing
