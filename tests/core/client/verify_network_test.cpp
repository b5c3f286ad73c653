// The proof over the network, in the way of `send`.
#include "core/client/send_fixture.hpp"
#include "core/net/http2_peer.hpp"
#include "core/net/tls_peer.hpp"

namespace costmark::testing {
namespace {

using net::Certificate;
using net::Http2Peer;
using net::TlsPeer;

constexpr std::string_view refusal =
    R"({"error":{"code":"not_found_error","message":"no such project","type":"not_found_error"}})";

// As a gateway that looks at the project: proj_a is served, any other is not.
std::string gateway_answer(std::string_view request) {
  const bool served = request.find("proj_a") != std::string_view::npos;
  return served ? json_answer(200, chat_answer) : json_answer(404, refusal);
}

Loopback::Handle gateway() {
  return [](Peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      if (!peer.write(gateway_answer(request))) return;
    }
  };
}

Loopback::Handle gateway_over_tls(const Certificate& own) {
  return [&own](Peer& peer) {
    TlsPeer tls(peer, own);
    for (std::string request; !(request = tls.read_request()).empty();) {
      if (!tls.write(gateway_answer(request))) return;
    }
  };
}

std::string https(const Loopback& server) {
  return "https" + server.origin().substr(4);
}

Result<Verification> verify(std::string_view origin, OptionValues options = {},
                            const OptionValues& variables = {}, milliseconds timeout = promptly) {
  options.emplace("base_url", std::string(origin) + "/v1");
  VerifyRequest request;
  request.model = "m";
  request.timeout = timeout;
  return sender(std::move(options), variables)->verify(request);
}

// What was found out; that nothing was, is a failure.
Verification found(Result<Verification> result) {
  if (result) return std::move(result).value();
  ADD_FAILURE() << result.error().message;
  return {};
}

TEST(VerifyOverTheNetwork, AsksTheEndpoint) {
  const Loopback server(gateway());
  const Verification result = found(verify(server.origin()));
  EXPECT_EQ(result.verdict, Verdict::honoured) << result.reason;
  EXPECT_EQ(result.probes.size(), 3U);
}

TEST(VerifyOverTheNetwork, TrustsTheBundleThatItIsGiven) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(gateway_over_tls(own));
  for (const auto& result : {verify(https(server), {{"ca_bundle", own.path()}}),
                             verify(https(server), {}, {{"AWS_CA_BUNDLE", own.path()}})}) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value().verdict, Verdict::honoured) << result.value().reason;
  }
}

TEST(VerifyOverTheNetwork, AnUnusableBundleIsAnInvalidOption) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(gateway_over_tls(own));
  const std::string none = "/no/such/bundle.pem";
  const struct {
    Result<Verification> result;
    const char* setting;
  } cases[] = {{verify(https(server), {{"ca_bundle", none}}), "option 'ca_bundle'"},
               {verify(https(server), {}, {{"AWS_CA_BUNDLE", none}}), "AWS_CA_BUNDLE"}};
  for (const auto& each : cases) {
    ASSERT_FALSE(each.result.ok()) << each.result.value().reason;
    EXPECT_EQ(each.result.error().code, Code::invalid_option);
    EXPECT_FALSE(each.result.error().retryable);
    EXPECT_EQ(each.result.error().message,
              https(server) + ": " + each.setting + " names " + none +
                  ", which is not a readable file of PEM certificates");
  }
}

TEST(VerifyOverTheNetwork, AnUnusableBundleFailsTheCallThatNeedsAProof) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(gateway_over_tls(own));
  for (const auto& [bundle, code] :
       {std::pair{std::string("/no/such/bundle.pem"), Code::invalid_option},
        std::pair{own.path(), Code::ok}}) {
    const auto client =
        sender({{"verify", "true"}, {"base_url", https(server) + "/v1"}, {"ca_bundle", bundle}});
    Prepared prepared;
    const Status status = client->prepare(chat_to(https(server)).request(), prepared);
    EXPECT_EQ(code_of(status), code) << message_of(status);
  }
}

TEST(VerifyOverTheNetwork, StopsAtItsTimeLimit) {
  const Loopback server([](Peer& peer) { peer.linger(); });
  const Stopwatch watch;
  const Verification result = found(verify(server.origin(), {}, {}, milliseconds(150)));
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_TRUE(result.retryable);
  EXPECT_NE(result.reason.find("no complete answer within 150 ms"), std::string::npos)
      << result.reason;
  EXPECT_LT(watch.elapsed(), promptly);
}

TEST(VerifyOverTheNetwork, AnAnswerThatIsTooLargeOrBrokenIsNoProof) {
  const struct {
    std::string answer;
    const char* reason;
  } cases[] = {
      {json_answer(200, std::string((1U << 20U) + 1, 'x')), "larger than 1048576 bytes"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nCANARY", "the probe got no answer"},
      {"CANARY\r\n\r\n", "the probe got no answer"},
  };
  for (const auto& each : cases) {
    const Loopback server(each.answer);
    const Verification result = found(verify(server.origin()));
    EXPECT_EQ(result.verdict, Verdict::unknown);
    EXPECT_NE(result.reason.find(each.reason), std::string::npos) << result.reason;
    EXPECT_EQ(result.reason.find("CANARY"), std::string::npos) << result.reason;
  }
}

TEST(VerifyOverTheNetwork, FollowsNoRedirect) {
  Loopback elsewhere(json_answer(200, chat_answer));
  const Loopback server(answer_of(302, "", "Location: " + elsewhere.url() + "\r\n"));
  const Verification result = found(verify(server.origin()));
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(VerifyOverTheNetwork, GoesThroughTheProxyOfSend) {
  const Loopback proxy(gateway());
  for (const auto& result :
       {verify("http://gateway.invalid", {{"proxy", proxy.origin()}}),
        verify("http://gateway.invalid", {}, {{"http_proxy", proxy.origin()}})}) {
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value().verdict, Verdict::honoured) << result.value().reason;
  }
  const Loopback server(gateway());
  const std::size_t before = proxy.connections();
  const Verification direct =
      found(verify(server.origin(), {{"proxy", proxy.origin()}, {"no_proxy", "127.0.0.1"}}));
  EXPECT_EQ(direct.verdict, Verdict::honoured) << direct.reason;
  EXPECT_EQ(proxy.connections(), before);
}

TEST(VerifyOverTheNetwork, SpeaksTheHttpOfSend) {
  std::atomic<int> requests{0};
  const Loopback server([&](Peer& peer) {
    Http2Peer http2(peer);
    while (const std::uint32_t stream = http2.read_request()) {
      ++requests;
      http2.write_head(stream, "application/json");
      http2.write_body(stream, chat_answer, true);
    }
  });
  const Verification result = found(verify(server.origin(), {{"http_version", "2"}}));
  EXPECT_EQ(result.verdict, Verdict::not_honoured) << result.reason;
  EXPECT_GE(requests, 1);
}

}  // namespace
}  // namespace costmark::testing
