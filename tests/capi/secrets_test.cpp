// After everything is freed, no secret is left in the memory of the process: neither in what is
// allocated nor in what was given back.
//
// Left out are the stack, whose dead frames the next calls overwrite and which the scan itself runs
// on, and what is not the library's: the environment, and the caller's own copies, which this test
// wipes. Headers that libcurl is told, it copies and frees without wiping: see the test of a send.
#include <arpa/inet.h>
#include <costmark/costmark.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// --- Secrets -------------------------------------------------------------------------------------

// Not in the program's text either. Volatile, so that nobody works it out while compiling.
volatile char mask_at_run_time = 0x55;
constexpr char mask = 0x55;
constexpr std::size_t secret_size = 48;

class Secret {
 public:
  consteval explicit Secret(const char (&text)[secret_size + 1]) {
    for (std::size_t i = 0; i < secret_size; ++i) {
      masked_[i] = static_cast<char>(text[i] ^ mask);
    }
  }
  char at(std::size_t i) const { return static_cast<char>(masked_[i] ^ mask_at_run_time); }

 private:
  std::array<char, secret_size> masked_{};
};

constexpr Secret secret_key("wJalrXUtnFEMI0K7MDENG0bPxRfiCYSECRETKEYsecretkey");
constexpr Secret session_token("FwoGZXIvYXdzEXAMPLESESSIONTOKENsessiontokenabcde");
constexpr Secret bearer_token("ABSKQmVkcm9ja0FQSUtleS1iZWFyZXJ0b2tlbmV4YW1wbGU9");
constexpr Secret other_key("o3hKJpqV7xkWq1lZsecondsecretkeyofanothersource00");
constexpr Secret other_token("IQoJb3JpZ2luX2VjEJsecondsessiontokenofthesource0");
constexpr Secret access_token("eyJlbmMiOiJBMjU2R0NNIaccesstokenofsinglesignon00");

const std::string filler(900, 't');

// Text that may hold secrets: of one size from the start, and wiped in the end.
class Text {
 public:
  Text& operator<<(std::string_view text) {
    for (const char c : text) put(c);
    return *this;
  }
  Text& operator<<(const Secret& secret) {
    for (std::size_t i = 0; i < secret_size; ++i) put(secret.at(i));
    return *this;
  }
  Text() = default;
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() {
    for (volatile char& c : bytes_) c = 0;
  }

  const char* data() const { return bytes_.data(); }
  std::size_t size() const { return size_; }
  costmark_str str() const { return {bytes_.data(), size_}; }

 private:
  void put(char c) { bytes_.at(size_++) = c; }
  std::array<char, 2000> bytes_{};
  std::size_t size_ = 0;
};

// --- The scan ------------------------------------------------------------------------------------

// From its middle, since the allocator writes over the beginning of what is given back.
constexpr std::size_t needle_begin = 16;
constexpr std::size_t needle_size = 20;

class Scan {
 public:
  Scan()
      : memory_(::fopen("/proc/self/mem", "rb")),
        buffer_(static_cast<char*>(::mmap(nullptr, buffer_size, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~Scan() {
    ::munmap(buffer_, buffer_size);
    ::fclose(memory_);
  }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  // Where the secret is: mappings and what stands before it.
  std::vector<std::string> places_of(const Secret& secret) {
    std::vector<std::string> found;
    std::FILE* const maps = ::fopen("/proc/self/maps", "r");
    char line[1024];
    while (std::fgets(line, sizeof line, maps) != nullptr) {
      unsigned long begin = 0, end = 0;
      char access[5] = "";
      if (std::sscanf(line, "%lx-%lx %4s", &begin, &end, access) != 3) continue;
      const bool is_own = begin <= address_of(buffer_) && address_of(buffer_) < end;
      if (access[0] != 'r' || access[1] != 'w' || is_own || std::strstr(line, "[stack]")) continue;
      look(begin, end, secret, line, found);
    }
    std::fclose(maps);
    return found;
  }

 private:
  static constexpr std::size_t buffer_size = 1U << 20U;

  static unsigned long address_of(const void* pointer) {
    return reinterpret_cast<unsigned long>(pointer);
  }

  void look(unsigned long begin, unsigned long end, const Secret& secret, const char* line,
            std::vector<std::string>& found) {
    for (unsigned long at = begin; at < end; at += buffer_size - secret_size) {
      const std::size_t wanted = std::min<std::size_t>(buffer_size, end - at);
      const ssize_t got = ::pread(::fileno(memory_), buffer_, wanted, static_cast<off_t>(at));
      if (got <= 0) return;
      const char* const last = buffer_ + got;
      for (const char* p = buffer_; p + needle_size <= last; ++p) {
        p = static_cast<const char*>(
            std::memchr(p, secret.at(needle_begin), static_cast<std::size_t>(last - p)));
        if (p == nullptr || p + needle_size > last) break;
        if (matches(p, secret)) found.push_back(described(p, line));
      }
    }
  }

  static bool matches(const char* at, const Secret& secret) {
    for (std::size_t i = 0; i < needle_size; ++i) {
      if (at[i] != secret.at(needle_begin + i)) return false;
    }
    return true;
  }

  std::string described(const char* at, const char* line) const {
    std::string text = std::string(line).substr(0, 40) + " after: ";
    const char* const from = std::max<const char*>(buffer_, at - 60);
    for (const char* p = from; p < at - needle_begin; ++p) text += *p >= ' ' && *p < 127 ? *p : '.';
    return text;
  }

  std::FILE* memory_;
  char* buffer_;
};

// --- A server in another process -----------------------------------------------------------------

void append_keys(Text& out, const char* key, const char* token, const char* expires) {
  out << "{\"AccessKeyId\":\"AKIDSERVER\",\"" << key << "\":\"" << secret_key << "\",\"" << token
      << "\":\"" << session_token << "\",\"" << expires << "\":\"2099-01-01T00:00:00Z\"}";
}

void append_answer(std::string_view request, Text& out) {
  if (request.starts_with("GET /keys"))
    return append_keys(out, "SecretAccessKey", "Token", "Expiration");
  if (request.starts_with("GET /federation")) {
    out << "{\"roleCredentials\":{\"accessKeyId\":\"AKIDSERVER\",\"secretAccessKey\":\""
        << secret_key << "\",\"sessionToken\":\"" << session_token
        << "\",\"expiration\":4070908800000}}";
    return;
  }
  if (request.starts_with("POST /v1")) {
    out << R"({"id":"chatcmpl-1","usage":{"prompt_tokens":1,"completion_tokens":1}})";
    return;
  }
  out << "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
         "<AssumeRoleResult><Credentials><AccessKeyId>AKIDSERVER</AccessKeyId><SecretAccessKey>"
      << secret_key << "</SecretAccessKey><SessionToken>" << session_token
      << "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
         "</AssumeRoleResult></AssumeRoleResponse>";
}

class Server {
 public:
  Server() {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening, generic, size), 0);
    EXPECT_EQ(::listen(listening, 16), 0);
    EXPECT_EQ(::getsockname(listening, generic, &size), 0);
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    child_ = ::fork();
    if (child_ == 0) serve(listening);
    ::close(listening);
  }
  ~Server() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& origin() const { return origin_; }

 private:
  [[noreturn]] static void serve(int listening) {
    for (;;) {
      const int connection = ::accept(listening, nullptr, nullptr);
      std::string request;
      char piece[8192];
      while (request.find("\r\n\r\n") == std::string::npos || lacks_body(request)) {
        const ssize_t got = ::read(connection, piece, sizeof piece);
        if (got <= 0) break;
        request.append(piece, static_cast<std::size_t>(got));
      }
      Text answer;
      append_answer(request, answer);
      Text whole;
      whole << "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
               "Content-Length: "
            << std::to_string(answer.size()) << "\r\n\r\n"
            << std::string_view(answer.data(), answer.size());
      static_cast<void>(!::write(connection, whole.data(), whole.size()));
      ::close(connection);
    }
  }

  static bool lacks_body(const std::string& request) {
    const std::size_t at = request.find("Content-Length: ");
    if (at == std::string::npos) return false;
    const auto size = static_cast<std::size_t>(std::atol(request.c_str() + at + 16));
    return request.size() < request.find("\r\n\r\n") + 4 + size;
  }

  std::string origin_;
  pid_t child_ = -1;
};

// --- The calls -----------------------------------------------------------------------------------

class Secrets : public ::testing::Test {
 protected:
  Secrets() {
    std::string pattern = (std::filesystem::temp_directory_path() / "costmark-XXXXXX").string();
    home_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(home_ / ".aws/sso/cache");
    ::setenv("HOME", home_.c_str(), 1);
    for (const char* name :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
          "AWS_BEARER_TOKEN_BEDROCK", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) {
      ::unsetenv(name);
    }
    EXPECT_EQ(costmark_config_new(&config_, nullptr), COSTMARK_OK);
    set("project", "proj_a");
    set("region", "us-east-1");
  }
  ~Secrets() override {
    std::filesystem::remove_all(home_);
    ::unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    ::unsetenv("AWS_ENDPOINT_URL_STS");
    ::unsetenv("AWS_ENDPOINT_URL_SSO");
  }

  void set(const char* name, std::string_view value) {
    EXPECT_EQ(
        costmark_config_set(config_, name, std::strlen(name), value.data(), value.size(), nullptr),
        COSTMARK_OK);
  }
  void set(const char* name, const Text& value) { set(name, {value.data(), value.size()}); }

  void write(const char* name, const Text& text) const {
    std::FILE* const file = std::fopen((home_ / name).c_str(), "wb");
    std::setvbuf(file, nullptr, _IONBF, 0);  // no copy of its own
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }

  // Prepares twice, as after a refusal, reads the answer, and frees everything.
  void call_and_free_all() {
    costmark_client* client = nullptr;
    costmark_operation* operation = nullptr;
    costmark_error* error = nullptr;
    costmark_prepared prepared = COSTMARK_PREPARED_INIT;
    costmark_request request = COSTMARK_REQUEST_INIT;
    request.method = costmark_str_of("POST");
    request.url = costmark_str_of("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
    request.body = costmark_str_of(R"({"model":"m"})");
    EXPECT_EQ(costmark_client_new(config_, &client, &error), COSTMARK_OK) << text_of(error);
    EXPECT_EQ(costmark_operation_new(client, &operation, &error), COSTMARK_OK);
    EXPECT_EQ(costmark_operation_begin(operation, &request, &error), COSTMARK_OK);
    for (int attempt = 0; attempt < 2; ++attempt) {
      EXPECT_EQ(costmark_operation_prepare(operation, nullptr, nullptr, &prepared, &error),
                COSTMARK_OK)
          << text_of(error);
      costmark_operation_sent(operation);
      costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
      head.http_status = attempt == 0 ? 500 : 401;
      EXPECT_EQ(costmark_operation_head(operation, &head, nullptr), COSTMARK_OK);
      constexpr std::string_view refusal = R"({"error":{"code":"ExpiredTokenException"}})";
      costmark_operation_feed(operation, refusal.data(), refusal.size(), nullptr);
      costmark_operation_finish(operation, nullptr, nullptr);
    }
    costmark_operation_free(operation);
    costmark_client_release(client);
    costmark_config_free(config_);
    costmark_error_free(error);
  }

  static std::string text_of(const costmark_error* error) {
    costmark_error_view view = COSTMARK_ERROR_VIEW_INIT;
    costmark_error_read(error, &view);
    return {view.message.data == nullptr ? "" : view.message.data, view.message.len};
  }

  static void expect_none(std::initializer_list<const Secret*> secrets) {
    Scan scan;
    int number = 0;
    for (const Secret* each : secrets) {
      ++number;
      for (const std::string& place : scan.places_of(*each)) {
        ADD_FAILURE() << "secret " << number << " is in " << place;
      }
    }
  }

  std::filesystem::path home_;
  costmark_config* config_ = nullptr;
};

TEST_F(Secrets, AreFoundWhereTheyAre) {
  auto* const kept = new Text;
  *kept << "before it " << secret_key;
  Scan scan;
  EXPECT_EQ(scan.places_of(secret_key).size(), 1U);
  delete kept;
  EXPECT_TRUE(scan.places_of(secret_key).empty());
  costmark_config_free(config_);
}

TEST_F(Secrets, OfOptions) {
  {
    Text key, token;
    key << secret_key;
    token << session_token << filler;  // as long as those of STS, so that strings grow
    set("access_key_id", "AKIDOPTIONS");
    set("secret_access_key", key);
    set("session_token", token);
  }
  call_and_free_all();
  expect_none({&secret_key, &session_token});
}

TEST_F(Secrets, OfABearerToken) {
  {
    Text token;
    token << bearer_token << filler;
    set("bearer_token", token);
  }
  call_and_free_all();
  expect_none({&bearer_token});
}

TEST_F(Secrets, OfCallbacks) {
  const auto give_token = [](void*, costmark_bearer_token_sink* sink) noexcept {
    Text token;
    token << bearer_token << filler;
    return costmark_bearer_token_put(sink, token.data(), token.size(), nullptr);
  };
  EXPECT_EQ(costmark_config_set_bearer_token_callback(config_, give_token, nullptr, nullptr,
                                                      nullptr, nullptr),
            COSTMARK_OK);
  call_and_free_all();
  expect_none({&bearer_token});
}

TEST_F(Secrets, OfTemporaryKeysOfACallback) {
  const auto give_keys = [](void*, costmark_credentials_sink* sink) noexcept {
    Text key, token;
    key << secret_key;
    token << session_token << filler;  // as long as those of STS, so that strings grow
    costmark_credentials keys = COSTMARK_CREDENTIALS_INIT;
    keys.access_key_id = costmark_str_of("AKIDCALLBACK");
    keys.secret_access_key = key.str();
    keys.session_token = token.str();
    return costmark_credentials_put(sink, &keys, nullptr);
  };
  for (const char* auth : {"sigv4", "bearer"}) {  // a token that is made of them holds theirs
    if (config_ == nullptr) {
      EXPECT_EQ(costmark_config_new(&config_, nullptr), COSTMARK_OK);
      set("region", "us-east-1");
    }
    set("auth", auth);
    EXPECT_EQ(
        costmark_config_set_credentials_callback(config_, give_keys, nullptr, nullptr, nullptr),
        COSTMARK_OK);
    call_and_free_all();
    config_ = nullptr;
    expect_none({&secret_key, &session_token});
  }
}

TEST_F(Secrets, OfTheCredentialsFile) {
  {
    Text file;
    file << "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = " << secret_key
         << "\naws_session_token = " << session_token
         << "\n[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = " << other_key
         << "\n";
    write(".aws/credentials", file);
  }
  call_and_free_all();
  expect_none({&secret_key, &session_token, &other_key});
}

TEST_F(Secrets, OfAProgram) {
  {
    Text output, file;
    output << "{\"Version\":1,\"AccessKeyId\":\"AKIDPROGRAM\",\"SecretAccessKey\":\"" << secret_key
           << "\",\"SessionToken\":\"" << session_token << "\"}";
    write("output", output);
    file << "[default]\ncredential_process = cat " << (home_ / "output").string() << "\n";
    write(".aws/config", file);
  }
  call_and_free_all();
  expect_none({&secret_key, &session_token});
}

TEST_F(Secrets, OfARole) {
  const Server server;
  {
    Text file;
    file << "[default]\naws_access_key_id = AKIDSOURCE\naws_secret_access_key = " << other_key
         << "\naws_session_token = " << other_token << "\n";
    write(".aws/credentials", file);
    Text config;
    config << "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\n"
              "source_profile = default\nregion = us-east-1\n";
    write(".aws/config", config);
  }
  ::setenv("AWS_ENDPOINT_URL_STS", server.origin().c_str(), 1);
  set("profile", "role");
  call_and_free_all();
  expect_none({&secret_key, &session_token, &other_key});
}

TEST_F(Secrets, OfSingleSignOn) {
  const Server server;
  {
    Text config, token;
    config << "[default]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\n"
              "[sso-session s]\nsso_region = us-east-1\n"
              "sso_start_url = https://example.awsapps.com/start\n";
    write(".aws/config", config);
    token << "{\"accessToken\":\"" << access_token << "\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}";
    // Its name is the SHA-1 of the session's.
    write(".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json", token);
  }
  ::setenv("AWS_ENDPOINT_URL_SSO", server.origin().c_str(), 1);
  call_and_free_all();
  expect_none({&secret_key, &session_token});
}

TEST_F(Secrets, OfAContainer) {
  const Server server;
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (server.origin() + "/keys").c_str(), 1);
  call_and_free_all();
  expect_none({&secret_key, &session_token});
}

// Here libcurl is told the headers, and it frees its copies without wiping them: the bearer token
// stays in what it gave back. The secret key is never told to it.
TEST_F(Secrets, OfASend) {
  const Server server;
  {
    Text key;
    key << secret_key;
    set("access_key_id", "AKIDOPTIONS");
    set("secret_access_key", key);
    set("auth", "sigv4");
    set("base_url", server.origin() + "/v1");
  }
  costmark_client* client = nullptr;
  costmark_operation* operation = nullptr;
  costmark_error* error = nullptr;
  costmark_request request = COSTMARK_REQUEST_INIT;
  const std::string url = server.origin() + "/v1/chat/completions";
  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(url.c_str());
  request.body = costmark_str_of(R"({"model":"m"})");
  EXPECT_EQ(costmark_client_new(config_, &client, &error), COSTMARK_OK) << text_of(error);
  EXPECT_EQ(costmark_operation_new(client, &operation, &error), COSTMARK_OK);
  EXPECT_EQ(costmark_operation_begin(operation, &request, &error), COSTMARK_OK) << text_of(error);
  EXPECT_EQ(costmark_operation_send(operation, nullptr, &error), COSTMARK_OK) << text_of(error);
  costmark_operation_free(operation);
  costmark_client_release(client);
  costmark_config_free(config_);
  expect_none({&secret_key});
}

}  // namespace

#endif
