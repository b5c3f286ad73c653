// TLS of connections, and of exchanges over one: what is trusted, and what is said when it is not.
#include "core/net/tls_peer.hpp"

#include <filesystem>
#include <fstream>

#include "core/net/connection_fixture.hpp"
#include "net/transport.hpp"

namespace costmark::net {
namespace {

Loopback::Handle over_tls(const Certificate& own) {
  return [&own](Peer& peer) {
    TlsPeer tls(peer, own);
    while (!tls.read_request().empty() && tls.write(answer_of(200, "over TLS"))) continue;
  };
}

std::string https(const Loopback& server) {
  return "https" + server.url("/CANARY").substr(4);
}

ConnectionConfig trusting(std::string path, std::string setting = "AWS_CA_BUNDLE") {
  return {Version::automatic, {}, {std::move(path), std::move(setting)}};
}

// A file with a text, gone with the test.
class TextFile {
 public:
  explicit TextFile(std::string_view text) {
    std::string pattern = (std::filesystem::temp_directory_path() / "costmark-XXXXXX").string();
    ::close(::mkstemp(pattern.data()));
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~TextFile() { ::unlink(path_.c_str()); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ConnectionTls, TrustsTheBundleThatItIsGiven) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const std::string url = https(server);
  Client client(trusting(own.path()));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(client.send(get(url)), Code::ok) << client.error.message;
    EXPECT_EQ(client.received.body, "over TLS");
  }
  EXPECT_EQ(server.connections(), 1U);
  const auto answer = network_transport(trusting(own.path()))->send(get(url));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer.value().body, "over TLS");
}

TEST(ConnectionTls, TrustsNoOtherCertificate) {
  const Certificate own("IP:127.0.0.1");
  const Certificate of_another("IP:127.0.0.1");
  const Certificate elsewhere("DNS:elsewhere.example");
  const Certificate expired("IP:127.0.0.1", -1);
  const struct {
    const Certificate& shown;
    const Certificate& trusted;
  } cases[] = {{own, of_another}, {elsewhere, elsewhere}, {expired, expired}};
  for (const auto& each : cases) {
    const Loopback server(over_tls(each.shown));
    Client client(trusting(each.trusted.path()));
    EXPECT_EQ(client.send(get(https(server))), Code::transport);
    EXPECT_FALSE(client.error.retryable) << client.error.message;
    // Perhaps it is the clock that is wrong.
    EXPECT_EQ(client.error.message.find("(the local clock says 20") != std::string::npos,
              &each.shown == &expired)
        << client.error.message;
  }
}

// One error, whichever way it is reached, that names the setting and the file.
TEST(ConnectionTls, AnUnusableBundleIsAnInvalidOption) {
  const Certificate own("IP:127.0.0.1");
  const Loopback server(over_tls(own));
  const std::string url = https(server);
  const TextFile empty("");
  const TextFile garbage("CANARY is not a certificate\n");
  const TextFile cut("-----BEGIN CERTIFICATE-----\nCANARY\n");
  const std::string paths[] = {"/no/such/bundle.pem", "/", empty.path(), garbage.path(),
                               cut.path()};
  for (const std::string& path : paths) {
    for (const char* setting : {"AWS_CA_BUNDLE", "option 'ca_bundle'"}) {
      const std::string message = std::string(setting) + " names " + path +
                                  ", which is not a readable file of PEM certificates";
      Client client(trusting(path, setting));
      EXPECT_EQ(client.send(get(url)), Code::invalid_option) << path;
      EXPECT_EQ(client.error.message, message);
      EXPECT_FALSE(client.error.retryable);

      const auto answer = network_transport(trusting(path, setting))->send(get(url));
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().code, Code::invalid_option) << path;
      EXPECT_EQ(answer.error().message, "https" + server.origin().substr(4) + ": " + message);
      EXPECT_FALSE(answer.error().retryable);
    }
  }
}

TEST(ConnectionTls, ABundleIsNotReadWithoutTls) {
  const Loopback server(answer_of(200, "plain"));
  Client client(trusting("/no/such/bundle.pem"));
  EXPECT_EQ(client.send(get(server.url())), Code::ok) << client.error.message;
}

TEST(ConnectionTls, SilenceInTheHandshakeIsNoConnection) {
  const Loopback server([](Peer& peer) { peer.linger(); });
  Client client;
  const std::string url = https(server);
  Request request = get(url);
  request.connect_timeout = milliseconds(100);
  EXPECT_EQ(client.send(request), Code::timeout);
  EXPECT_EQ(client.error.message, "no connection within 100 ms");
  request.connect_timeout = std::chrono::seconds(5);
  request.timeout = milliseconds(100);
  EXPECT_EQ(client.send(request), Code::timeout);
  EXPECT_EQ(client.error.message, "no connection within 100 ms");
}

}  // namespace
}  // namespace costmark::net
