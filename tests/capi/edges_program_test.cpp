// Programs that start in an odd place: with privileges that are not their user's, with an OpenSSL
// that has nothing to offer.
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "edges_fixture.hpp"

namespace {

namespace fs = std::filesystem;
using costmark::edges::ServerProcess;

class Folder {
 public:
  Folder() {
    char path[] = "/tmp/costmark-XXXXXX";
    path_ = mkdtemp(path);
    fs::permissions(path_, fs::perms(0777));
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(std::string_view name) const { return path_ / name; }
  std::string write(std::string_view name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }

 private:
  fs::path path_;
};

std::string output_of(const std::string& command) {
  std::FILE* const from = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> piece{};
  while (from != nullptr && std::fgets(piece.data(), piece.size(), from) != nullptr) {
    text += piece.data();
  }
  if (from != nullptr) ::pclose(from);
  return text;
}

constexpr std::string_view without_network =
    "env -i AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 ";

// --- Raised privileges ---------------------------------------------------------------------------

class Privileged : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a set-user-ID program";
    fs::copy_file(EDGES_PROGRAM, program());
    fs::permissions(program(), fs::perms(04755));
    fs::copy_file("/usr/bin/id", folder_ / "id");
    fs::permissions(folder_ / "id", fs::perms(04755));
    if (as_nobody((folder_ / "id").string() + " -u").substr(0, 2) != "0\n" &&
        as_nobody((folder_ / "id").string() + " -u -n").find("root") == std::string::npos) {
      GTEST_SKIP() << "no set-user-ID programs here";
    }
  }

  std::string program() const { return (folder_ / "program").string(); }
  // As a user who owns nothing.
  static std::string as_nobody(const std::string& command) {
    return output_of("setpriv --reuid=65534 --regid=65534 --clear-groups " + command + " 2>&1");
  }

  Folder folder_;
};

TEST_F(Privileged, RunsNoProgramOfAUsersConfiguration) {
  const std::string mark = (folder_ / "ran").string();
  const std::string config = folder_.write(
      "config", "[default]\ncredential_process = /bin/sh -c \"echo > " + mark + "\"\n");
  const std::string variables =
      std::string(without_network) + "HOME=/nonexistent AWS_CONFIG_FILE=" + config + " ";

  // Whoever starts a program without privileges may have it run what they like.
  EXPECT_NE(output_of(variables + EDGES_PROGRAM).find("credential_process"), std::string::npos);
  EXPECT_TRUE(fs::remove(mark));

  const std::string said = as_nobody(variables + program() + " '' auth sigv4");
  EXPECT_FALSE(fs::exists(mark)) << said;
  EXPECT_EQ(said.find("30: no AWS credentials were found"), 0U) << said;
}

TEST_F(Privileged, SaysThatTheEnvironmentIsNotRead) {
  const std::string said = as_nobody(std::string(without_network) +
                                     "AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret " +
                                     program() + " '' region us-east-1 auth sigv4");
  EXPECT_NE(said.find("environment (not read, since this program has more privileges than whoever "
                      "started it)"),
            std::string::npos)
      << said;
}

TEST_F(Privileged, WritesNoSecretsOfTlsToAUsersFile) {
  const ServerProcess server(true);
  const std::string keys = (folder_ / "keys").string();
  const std::string command = "env -i SSLKEYLOGFILE=" + keys + " ";
  const std::string arguments = " " + server.url() +
                                " region us-east-1 access_key_id AKID secret_access_key secret "
                                "ca_bundle " +
                                server.bundle();
  EXPECT_EQ(output_of(command + EDGES_PROGRAM + arguments), "0: \n");
  EXPECT_TRUE(fs::remove(keys));
  EXPECT_EQ(as_nobody(command + program() + arguments), "0: \n");
  EXPECT_FALSE(fs::exists(keys));
}

// --- OpenSSL -------------------------------------------------------------------------------------

// As a host is set up for FIPS, where the provider is not there or was not made ready.
TEST(Openssl, WithoutAlgorithmsThereIsNoClient) {
  const Folder folder;
  const std::string fips = folder.write("openssl.cnf",
                                        "openssl_conf = all\n[all]\nproviders = providers\n"
                                        "alg_section = algorithms\n[providers]\nbase = base\n"
                                        "[base]\nactivate = 1\n[algorithms]\n"
                                        "default_properties = fips=yes\n");
  const std::string said =
      output_of(std::string(without_network) + "OPENSSL_CONF=" + fips + " " + EDGES_PROGRAM);
  EXPECT_EQ(said.find("no client, 51: OpenSSL offers no SHA-256 or no HMAC"), 0U) << said;
  EXPECT_NE(said.find("OPENSSL_CONF"), std::string::npos) << said;
  EXPECT_NE(said.find("fips=yes"), std::string::npos) << said;
}

}  // namespace
