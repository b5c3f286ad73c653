// Credentials over the network: what the providers' exchanges trust, how far they go, and what
// stops them.
#include <gtest/gtest.h>

#include "core/forking.hpp"
#include "core/net/tls_peer.hpp"
#include "costmark/credentials_provider.hpp"
#include "credentials/metadata/container.hpp"
#include "files.hpp"

namespace costmark {
namespace {

using net::answer_of;
using net::Certificate;
using net::Loopback;
using net::Peer;
using net::TlsPeer;

constexpr UnixSeconds now = 1'700'000'000;
constexpr std::string_view good =
    R"({"AccessKeyId":"AKID","SecretAccessKey":"CANARY-s","Token":"CANARY-t",)"
    R"("Expiration":"2035-01-02T03:04:05Z"})";

std::string https(const Loopback& server) {
  return "https" + server.url("/CANARY-path").substr(4);
}

Result<CredentialsPtr> ask_container(std::string_view url, Variables more = {}) {
  more.emplace("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
  more.emplace("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY-token");
  return container_credentials(source_context(environment_of(std::move(more))))->resolve(now);
}

Error failure_of(const Result<CredentialsPtr>& result) {
  if (result.ok()) {
    ADD_FAILURE() << "there are credentials";
    return {};
  }
  EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  return result.error();
}

Loopback::Handle over_tls(const Certificate& own) {
  return [&own](Peer& peer) {
    TlsPeer tls(peer, own);
    if (!tls.read_request().empty()) tls.write(answer_of(200, good));
  };
}

TEST(CredentialsOverTheNetwork, TrustTheBundleOfTheEnvironment) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const auto result = ask_container(https(server), {{"AWS_CA_BUNDLE", own.path()}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKID");
}

TEST(CredentialsOverTheNetwork, AnUnusableBundleIsAnInvalidOption) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const std::string origin = "https" + server.origin().substr(4);
  const Variables bundle{{"AWS_CA_BUNDLE", "/no/such/bundle.pem"}};
  const Error error = failure_of(ask_container(https(server), bundle));
  EXPECT_EQ(error.code, Code::invalid_option);
  EXPECT_FALSE(error.retryable);
  EXPECT_EQ(error.message, "AWS_CONTAINER_CREDENTIALS_FULL_URI: " + origin +
                               ": AWS_CA_BUNDLE names /no/such/bundle.pem, which is not a "
                               "readable file of PEM certificates");
  EXPECT_LE(server.connections(), 1U);  // it was not tried again
}

TEST(CredentialsOverTheNetwork, AreNeverAskedOfAContainerThroughAProxy) {
  Loopback proxy(answer_of(200, good));
  Loopback server(answer_of(200, good));
  const auto result =
      ask_container(server.url(), {{"http_proxy", proxy.origin()}, {"all_proxy", proxy.origin()}});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_TRUE(proxy.requests().empty());
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(CredentialsOverTheNetwork, GoThroughTheEnvironmentsProxyElsewhere) {
  Loopback proxy(answer_of(200, "from the proxy"));
  const SourceContext context = source_context(environment_of({{"http_proxy", proxy.origin()}}));
  http::Request request;
  request.url = "http://host.invalid/path";
  const auto answer = context.transport->send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value().body, "from the proxy");
  EXPECT_TRUE(proxy.requests().at(0).starts_with("GET http://host.invalid/path HTTP/1.1\r\n"));
}

TEST(CredentialsOverTheNetwork, FollowNoRedirect) {
  Loopback elsewhere(answer_of(200, good));
  const Loopback server(answer_of(302, "", "Location: " + elsewhere.url() + "\r\n"));
  const SourceContext context = source_context(environment_of({}));
  const std::string url = server.url();
  http::Request request;
  request.url = url;
  const auto answer = context.transport->send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value().status, 302);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(CredentialsOverTheNetwork, AreReadUpToALimit) {
  const Loopback server(answer_of(200, std::string((1U << 20U) + 1, ' ')));
  const SourceContext context = source_context(environment_of({}));
  const std::string url = server.url("/CANARY");
  http::Request request;
  request.url = url;
  const auto answer = context.transport->send(request);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::transport);
  EXPECT_EQ(answer.error().message, server.origin() + ": the answer is larger than 1048576 bytes");
}

TEST(CredentialsOverTheNetwork, OfAForkedChildAreAskedAnew) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  const Loopback server(answer_of(200, good));
  const std::string url = server.url();
  Variables variables{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}};
  const auto provider = container_credentials(source_context(environment_of(variables)));
  ASSERT_TRUE(provider->resolve(now).ok());
  testing::expect_good_child([&] { return provider->resolve(now).ok(); });
  EXPECT_TRUE(provider->resolve(now).ok());
  EXPECT_EQ(server.connections(), 3U);  // each exchange has its own
}

}  // namespace
}  // namespace costmark
