// Option `verify`: what calls wait for, and which of them are refused.
#include <future>
#include <thread>

#include "verify_script.hpp"

namespace costmark::testing {
namespace {

TEST(VerifyOption, OffIsNoRequestAtAll) {
  const VerifyCase test(deaf);
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  EXPECT_TRUE(test.endpoint->sent().empty());
}

TEST(VerifyOption, CallsToAnEndpointThatIgnoresTheProjectAreRefused) {
  const VerifyCase test(deaf, {{"verify", "true"}});
  for (int i = 0; i < 3; ++i) {
    Prepared prepared;
    const Status status = test.client->prepare(chat_post().request(), prepared);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::unattributed);
    EXPECT_NE(status.error().message.find("option 'verify'"), std::string::npos);
    EXPECT_NE(status.error().message.find("ignores"), std::string::npos);
    EXPECT_TRUE(prepared.headers_to_set().empty());
  }
  EXPECT_EQ(test.endpoint->sent().size(), 1U) << "it is asked once";
  Post other = chat_post();
  other.scope = "proj_b";
  EXPECT_FALSE(test.prepare(other).ok()) << "whatever the project";
}

TEST(VerifyOption, AProofOpensTheEndpointForEveryProject) {
  const VerifyCase test(strict, {{"verify", "true"}});
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  Post other = chat_post();
  other.scope = "proj_b";
  EXPECT_TRUE(test.prepare(other).ok());
  const std::vector<Sent> sent = test.endpoint->sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].url, chat_post().url);
  EXPECT_NE(sent[0].body.find(model), std::string::npos) << "the model of the call";
  EXPECT_TRUE(test.prepare({std::string(mantle) + "/responses", R"({"model":"m"})"}).ok());
  EXPECT_EQ(test.endpoint->sent().size(), 4U) << "another path is another question";
}

TEST(VerifyOption, ACallOfVerifyAnswersItBeforehand) {
  const VerifyCase test(strict, {{"verify", "true"}});
  EXPECT_EQ(test.verify().verdict, Verdict::honored);
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  EXPECT_EQ(test.endpoint->sent().size(), 2U);
  const VerifyCase ignored(deaf, {{"verify", "true"}});
  EXPECT_EQ(ignored.verify().verdict, Verdict::not_honored);
  EXPECT_FALSE(ignored.prepare(chat_post()).ok());
  EXPECT_EQ(ignored.endpoint->sent().size(), 1U);
}

TEST(VerifyOption, ForcingItReopensAnEndpointThatWasMended) {
  std::atomic<bool> mended{false};
  const VerifyCase test([&mended](const Sent& sent) { return mended ? strict(sent) : deaf(sent); },
                        {{"verify", "true"}});
  EXPECT_FALSE(test.prepare(chat_post()).ok());
  mended = true;
  EXPECT_FALSE(test.prepare(chat_post()).ok());
  VerifyRequest forced;
  forced.force = true;
  EXPECT_EQ(test.verify(forced).verdict, Verdict::honored);
  EXPECT_TRUE(test.prepare(chat_post()).ok());
}

TEST(VerifyOption, WhatIsNotKnownLetsCallsGoOnAndIsTriedOnceAMinute) {
  std::atomic<bool> down{true};
  VerifyCase test([&down](const Sent& sent) { return down ? answer_of(503, "") : deaf(sent); },
                  {{"verify", "true"}});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(test.prepare(chat_post()).ok());
  EXPECT_EQ(test.endpoint->sent().size(), 1U);
  ASSERT_EQ(std::count_if(test.log.begin(), test.log.end(),
                          [](const std::string& line) {
                            return line.find("could not be verified") != std::string::npos;
                          }),
            1);
  down = false;
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  test.now += 60;
  EXPECT_FALSE(test.prepare(chat_post()).ok());
  EXPECT_EQ(test.endpoint->sent().size(), 2U);
}

// The carrier is read; what is wrong with the project is the service's to say, on each call.
TEST(VerifyOption, AnUnknownProjectOfTheCallersIsNotAskedForAgain) {
  VerifyCase test([](const Sent& sent) { return no_such_project(sent.project()); },
                  {{"verify", "true"}});
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  test.now += 1000;
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  EXPECT_EQ(test.endpoint->sent().size(), 2U);
}

TEST(VerifyOption, OtherRequestsAreLeftAlone) {
  const VerifyCase test(deaf, {{"verify", "true"}, {"project", ""}, {"unattributed", "allow"}});
  EXPECT_TRUE(test.prepare(chat_post()).ok()) << "it names no project";
  const VerifyCase named(deaf, {{"verify", "true"}});
  Prepared prepared;
  const std::string models = std::string(mantle) + "/models";
  EXPECT_TRUE(named.client->prepare({"GET", models, {}, {}, {}, {}}, prepared).ok());
  EXPECT_TRUE(test.endpoint->sent().empty());
  EXPECT_TRUE(named.endpoint->sent().empty());
}

TEST(VerifyOption, ItsModelWinsOverTheRequests) {
  const VerifyCase test(strict, {{"verify", "true"}, {"verify_model", "openai.gpt-oss-20b"}});
  EXPECT_TRUE(test.prepare(chat_post()).ok());
  EXPECT_NE(test.endpoint->sent()[0].body.find("gpt-oss-20b"), std::string::npos);
}

TEST(VerifyOption, TheProbesOfACompactionGoToItsParent) {
  const VerifyCase test(strict, {{"verify", "true"}});
  EXPECT_TRUE(test.prepare({std::string(mantle) + "/responses/compact", R"({"model":"m"})"}).ok());
  EXPECT_EQ(test.endpoint->sent()[0].url, std::string(mantle) + "/responses");
}

TEST(VerifyOption, ThreadsWaitForOneProof) {
  for (const bool honored : {true, false}) {
    std::atomic<int> arrived{0};
    const VerifyCase test(
        [&](const Sent& sent) {
          while (arrived < 8) std::this_thread::yield();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return honored ? strict(sent) : deaf(sent);
        },
        {{"verify", "true"}});
    std::atomic<int> passed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        Post post = chat_post();
        post.scope = "proj_" + std::to_string(i);
        ++arrived;
        if (test.prepare(post).ok()) ++passed;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(passed, honored ? 8 : 0);
    EXPECT_EQ(test.endpoint->sent().size(), honored ? 2U : 1U);
  }
}

}  // namespace
}  // namespace costmark::testing
