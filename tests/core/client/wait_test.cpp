// What ends the wait for credentials and for proof: a deadline, and a Cancel.
#include <future>
#include <vector>

#include "core/client/send_fixture.hpp"
#include "core/credentials/files.hpp"

namespace costmark::testing {
namespace {

constexpr milliseconds shortly{50};

Wait within(milliseconds time) {
  return {.deadline = SteadyClock::now() + time};
}

void silent(Peer& peer) {
  while (!peer.read_request().empty()) peer.linger();
}

Loopback::Handle container() {
  return keep_answering(json_answer(
      200,
      R"({"AccessKeyId":"AKID","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"})"));
}

std::shared_ptr<Client> client_of_container(const Loopback& server) {
  return sender({}, {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/keys")}});
}

const Post& chat() {
  static const Post post{std::string(mantle_chat), R"({"model":"m"})"};
  return post;
}

// What a client's sources are when they do not answer.
struct Silence {
  Silence() {
    home.write_config(
        "[profile program]\ncredential_process = " + home.write_program("program", "sleep 600") +
        "\n[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\n"
        "credential_source = Ec2InstanceMetadata\nregion = us-east-1\n");
  }

  std::vector<OptionValues> sources() const {
    const std::string imds = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    const OptionValues slow{
        {imds, server.origin()}, {"AWS_METADATA_SERVICE_TIMEOUT", "600"}, {"HOME", home.path("")}};
    std::vector<OptionValues> all(4, slow);
    all[1].emplace("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/keys"));
    all[2].emplace("AWS_PROFILE", "program");
    all[3].emplace("AWS_PROFILE", "role");
    return all;
  }

  Home home;
  Loopback server{silent};
};

TEST(Wait, ForEachSourceEndsAtTheDeadline) {
  const Silence silence;
  for (const OptionValues& variables : silence.sources()) {
    const auto client = sender({}, variables);
    Operation operation = client->operation();
    ASSERT_TRUE(operation.begin(chat().request()).ok());
    for (int round = 0; round < 2; ++round) {  // the first one leaves nothing behind
      const Stopwatch watch;
      const Status status = operation.ready(within(shortly));
      EXPECT_GE(watch.elapsed(), shortly);
      EXPECT_LT(watch.elapsed(), promptly);
      EXPECT_EQ(code_of(status), Code::timeout);
      EXPECT_EQ(message_of(status), "fetching credentials took longer than this call may wait");
      EXPECT_TRUE(status.error().retryable);
    }
    EXPECT_EQ(code_of(operation.prepare(within(shortly))), Code::timeout);
  }
}

TEST(Wait, ForEachSourceEndsWhenItIsCancelled) {
  const Silence silence;
  for (const OptionValues& variables : silence.sources()) {
    const auto client = sender({}, variables);
    Operation operation = client->operation();
    ASSERT_TRUE(operation.begin(chat().request()).ok());
    Cancel cancel;
    std::thread other([&] {
      std::this_thread::sleep_for(shortly);
      cancel.request();
    });
    const Stopwatch watch;
    const Status status = operation.ready({.cancel = &cancel});
    EXPECT_LT(watch.elapsed(), promptly);
    EXPECT_EQ(code_of(status), Code::cancelled);
    EXPECT_EQ(message_of(status), "fetching credentials was cancelled");
    other.join();
    EXPECT_EQ(code_of(operation.ready({.cancel = &cancel})), Code::cancelled);
  }
}

// The source was slow for one caller, and is as good as any for the next.
TEST(Wait, ThatEndedEarlyIsNoFailureOfTheSource) {
  std::atomic<bool> answers{false};
  const Loopback server([&](Peer& peer) { answers ? container()(peer) : silent(peer); });
  for (const char* setting :
       {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT"}) {
    answers = false;
    const bool is_container = std::string_view(setting).find("CONTAINER") != std::string_view::npos;
    const auto client = sender({}, {{setting, server.url(is_container ? "/keys" : "")}});
    Operation operation = client->operation();
    ASSERT_TRUE(operation.begin(chat().request()).ok());
    EXPECT_EQ(code_of(operation.ready(within(shortly))), Code::timeout);
    answers = true;
    const Status status = operation.ready();
    if (is_container) {
      EXPECT_TRUE(status.ok()) << message_of(status);
    } else {
      // It asks anew, and does not repeat that nobody was there.
      EXPECT_NE(message_of(status).find("the answer is no role's name"), std::string::npos)
          << message_of(status);
    }
  }
}

TEST(Wait, WithKeysAtHandIsNoWait) {
  const auto client = sender(with_keys({}));
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(chat().request()).ok());
  Cancel cancel;
  cancel.request();
  EXPECT_EQ(code_of(operation.ready({.cancel = &cancel})), Code::cancelled)
      << "the first call fetches even what the options hold";
  ASSERT_TRUE(operation.ready().ok());
  EXPECT_TRUE(operation.ready({.cancel = &cancel}).ok());
  EXPECT_TRUE(operation.prepare(within(milliseconds(0))).ok());
}

// One thread is in a callback; the others wait for it as long as each of them may.
class Following : public ::testing::Test {
 protected:
  Following() {
    ClientConfig config = config_of({{"project", "proj_a"}});
    config.credentials = callback_credentials([this]() -> Result<CredentialsPtr> {
      ++asked_;
      released_.wait();
      return Credentials::create({"AKID", "CANARY", "", std::nullopt, "", "test"});
    });
    client_ = Client::create(std::move(config)).value();
    leader_ = std::thread([this] { leaders_ = ready({}); });
    while (asked_ == 0) std::this_thread::yield();
  }
  ~Following() override { release(); }

  Status ready(const Wait& wait) {
    Operation operation = client_->operation();
    if (Status status = operation.begin(chat().request()); !status) return status;
    return operation.ready(wait);
  }

  void release() {
    if (!leader_.joinable()) return;
    release_.set_value();
    leader_.join();
    EXPECT_TRUE(leaders_.ok());
    EXPECT_EQ(asked_, 1);
  }

  std::atomic<int> asked_{0};
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::shared_ptr<Client> client_;
  Status leaders_;
  std::thread leader_;
};

TEST_F(Following, AloneIsToldAtOnce) {
  const Status status = ready({.alone = true});
  EXPECT_EQ(code_of(status), Code::would_block);
  EXPECT_EQ(message_of(status), "fetching credentials is what another thread does");
  release();
  EXPECT_TRUE(leaders_.ok());
  EXPECT_TRUE(ready({.alone = true}).ok());
}

TEST_F(Following, EndsAtItsOwnDeadline) {
  const Stopwatch watch;
  EXPECT_EQ(code_of(ready(within(shortly))), Code::timeout);
  EXPECT_GE(watch.elapsed(), shortly);
  EXPECT_LT(watch.elapsed(), promptly);
}

TEST_F(Following, EndsWhenItIsCancelledAndTheOthersWaitOn) {
  Cancel cancel;
  std::atomic<int> cancelled{0};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const Status status = ready(i % 2 == 0 ? Wait{.cancel = &cancel} : Wait{});
      cancelled += code_of(status) == Code::cancelled ? 1 : 0;
      good += status.ok() ? 1 : 0;
    });
  }
  std::this_thread::sleep_for(shortly);
  cancel.request();
  while (cancelled != 4) std::this_thread::yield();
  EXPECT_EQ(good, 0);
  release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

// The thread that fetches gives up: one of those that wait for it fetches in its place.
TEST(Wait, IsTakenOverFromAThreadThatGaveUp) {
  std::atomic<int> connections{0};
  const Loopback server([&](Peer& peer) { ++connections == 1 ? silent(peer) : container()(peer); });
  const auto client = client_of_container(server);
  Cancel cancel;
  const auto ready = [&](const Wait& wait) {
    Operation operation = client->operation();
    if (Status status = operation.begin(chat().request()); !status) return status;
    return operation.ready(wait);
  };
  std::thread leader([&] { EXPECT_EQ(code_of(ready({.cancel = &cancel})), Code::cancelled); });
  while (connections == 0) std::this_thread::yield();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { good += ready({}).ok() ? 1 : 0; });
  std::this_thread::sleep_for(shortly);
  cancel.request();
  leader.join();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
  EXPECT_EQ(connections, 2);
}

TEST(Wait, ForProofEndsAndNothingIsRemembered) {
  std::atomic<bool> answers{false};
  const Loopback server([&](Peer& peer) {
    if (!answers) return silent(peer);
    keep_answering(json_answer(200, chat_answer))(peer);
  });
  const auto client = sender({{"base_url", server.origin() + "/v1"}, {"verify", "true"}});
  const Post post = chat_to(server.origin());
  Operation operation = client->operation();
  ASSERT_TRUE(operation.begin(post.request()).ok());
  const Stopwatch watch;
  const Status late = operation.ready(within(shortly));
  EXPECT_EQ(code_of(late), Code::timeout);
  EXPECT_EQ(message_of(late), "asking the endpoint for proof took longer than this call may wait");
  Cancel cancel;
  std::thread other([&] {
    std::this_thread::sleep_for(shortly);
    cancel.request();
  });
  EXPECT_EQ(code_of(operation.ready({.cancel = &cancel})), Code::cancelled);
  EXPECT_LT(watch.elapsed(), promptly);
  other.join();
  answers = true;
  EXPECT_EQ(code_of(operation.ready()), Code::unattributed) << "it serves whatever it is asked for";
}

// Credentials and the answer share the time of a send.
TEST(Wait, OfASendIsPartOfItsTimeOut) {
  const Silence silence;
  for (const OptionValues& variables : silence.sources()) {
    const auto client = sender({}, variables);
    Operation operation = client->operation();
    SendOptions options;
    options.timeout = shortly;
    const Stopwatch watch;
    EXPECT_EQ(code_of(client->send(chat().request(), options, operation)), Code::timeout);
    EXPECT_LT(watch.elapsed(), promptly);
    EXPECT_EQ(operation.attempts(), 0U);
  }
}

}  // namespace
}  // namespace costmark::testing
