#include "credentials_bench.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "costmark/client.hpp"
#include "costmark/credentials_cache.hpp"
#include "costmark/credentials_provider.hpp"
#include "measure.hpp"

namespace costmark::bench {
namespace {

constexpr std::string_view url =
    "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions";
constexpr int config_lines = 10'000;
constexpr int waiting_threads = 64;

UnixSeconds now() {
  return static_cast<UnixSeconds>(std::time(nullptr));
}

Result<CredentialsPtr> keys(bool temporary) {
  Credentials::Fields fields;
  fields.access_key_id = temporary ? "ASIAEXAMPLE" : "AKIDEXAMPLE";
  fields.secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  if (temporary) {
    fields.session_token = std::string(1000, 't');
    fields.expires_at = now() + 3600;
  }
  return Credentials::create(std::move(fields));
}

std::shared_ptr<Client> make_client(bool temporary) {
  ClientConfig config;
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  config.credentials = callback_credentials([temporary] { return keys(temporary); });
  if (!config.options.set("project", "proj_5d5ykleja6cwpirysbb7")) return nullptr;
  auto client = Client::create(std::move(config));
  return client ? client.value() : nullptr;
}

bool print_temporary() {
  const std::string body =
      R"({"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":")" +
      std::string(10'000, 'x') + "\"}]}";
  const Header headers[] = {{"Content-Type", "application/json"}};
  const Request request{"POST", url, headers, body, {}, {}};
  double cost[2] = {};
  for (const bool temporary : {false, true}) {
    const auto client = make_client(temporary);
    if (!client) return false;
    Prepared prepared;
    cost[temporary ? 1 : 0] = measure([&] {
      if (!client->prepare(request, prepared)) std::abort();
    });
  }
  std::printf("%-66s%9.2f\n", "prepare: temporary / static credentials, 10 KB chat",
              cost[1] / cost[0]);
  return true;
}

// A file that is gone when the object is.
class TemporaryFile {
 public:
  TemporaryFile() {
    const int file = mkstemp(path_.data());
    if (file >= 0) close(file);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/costmark-bench-XXXXXX";
};

// Many profiles as a tool writes them for a large organization, the default one last.
void write_config(const std::string& path) {
  std::ofstream out(path);
  int lines = 3;
  for (int number = 0; lines + 4 <= config_lines; ++number, lines += 4) {
    out << "[profile account-" << number
        << "]\nregion = eu-central-1\nrole_arn = arn:aws:iam::" << 100'000'000'000 + number
        << ":role/reader\nsource_profile = default\n";
  }
  out << "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
}

bool print_config() {
  const TemporaryFile config;
  write_config(config.path());
  const Environment environment = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_CONFIG_FILE") return config.path();
    if (name == "AWS_SHARED_CREDENTIALS_FILE") return "/nonexistent";
    if (name == "AWS_EC2_METADATA_DISABLED") return "true";
    return std::nullopt;
  };
  std::size_t size = 0;
  const double reading = measure([&] {
    std::ifstream in(config.path());
    std::string line;
    size = 0;
    while (std::getline(in, line)) size += line.size();
  });
  bool good = true;
  const double resolving =
      measure([&] { good = good && default_credentials(environment, {})->resolve(now()).ok(); });
  std::printf("%-66s%9.2f\n", "resolve the default profile of 10,000 lines / read them by getline",
              resolving / reading);
  return good && size > 0;
}

// One flight, however many wait for it.
bool print_refreshes() {
  std::atomic<int> asked{0};
  std::atomic<int> arrived{0};
  CredentialsCache cache(callback_credentials([&]() -> Result<CredentialsPtr> {
    ++asked;
    while (arrived < waiting_threads) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return keys(true);
  }));
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < waiting_threads; ++i) {
    threads.emplace_back([&] {
      ++arrived;
      if (cache.get(now()).ok()) ++served;
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%-66s%9d\n", "refreshes for 64 threads that wait", asked.load());
  return served == waiting_threads;
}

}  // namespace

bool print_credentials() {
  return print_temporary() && print_config() && print_refreshes();
}

}  // namespace costmark::bench
