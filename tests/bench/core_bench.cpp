// What the hot path costs, as ratios to a bare OpenSSL SHA-256 of the same body measured in the
// same run. Absolute times are left out on purpose: they say more about the machine than the code.
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "capi_bench.hpp"
#include "costmark/budgets.hpp"
#include "costmark/client.hpp"
#include "costmark/json.hpp"
#include "credentials_bench.hpp"
#include "ledger_bench.hpp"
#include "measure.hpp"
#include "send_bench.hpp"

namespace {

using costmark::Header;
using costmark::bench::measure;

// Many short messages with escapes in them, as a conversation looks.
std::string chat_body(std::size_t size) {
  std::string body = R"({"model":"openai.gpt-oss-120b","temperature":0.7,"messages":[)";
  while (body.size() + 100 < size) {
    body += R"({"role":"user","content":"What \"exactly\" did they say\n about the weather?"},)";
  }
  body.back() = ']';
  return body + "}";
}

// One long string without escapes, as an image in base64 looks.
std::string image_body(std::size_t size) {
  std::string body = R"({"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":")";
  body.append(size > body.size() + 4 ? size - body.size() - 4 : 1, 'A');
  return body + "\"}]}";
}

class Sha256 {
 public:
  Sha256() : digest_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {}
  ~Sha256() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(digest_);
  }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void hash(const std::string& text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestInit_ex2(context_, digest_, nullptr);
    EVP_DigestUpdate(context_, text.data(), text.size());
    EVP_DigestFinal_ex(context_, out, &size);
  }

 private:
  EVP_MD* digest_;
  EVP_MD_CTX* context_;
};

std::shared_ptr<costmark::Client> make_client(const char* carrier) {
  costmark::ClientConfig config;
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  const std::pair<const char*, const char*> options[] = {
      {"project", "proj_5d5ykleja6cwpirysbb7"},
      {"carrier", carrier},
      {"access_key_id", "AKIDEXAMPLE"},
      {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
  for (const auto& [name, value] : options) {
    if (!config.options.set(name, value)) return nullptr;
  }
  auto client = costmark::Client::create(std::move(config));
  return client ? client.value() : nullptr;
}

struct Row {
  std::string name;
  std::vector<double> ratios;
};

void print(const Row& row) {
  std::printf("%-44s", row.name.c_str());
  for (const double ratio : row.ratios) std::printf("%9.2f", ratio);
  std::printf("\n");
}

// A call under one budget for all and one for its project, of a thousand.
void print_budgets(Sha256& sha) {
  std::string text = "everyone: all 1000000000calls/month warn at=50,80";
  for (int i = 1; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    text += "\nb" + number + ": project=proj_" + number + " 1000000usd/month refuse at=80";
  }
  auto parsed = costmark::parse_budgets(text);
  if (!parsed) std::abort();
  costmark::Budgets budgets(std::move(parsed).value());
  const std::string kilobyte(1000, 'a');
  const double bare = measure([&] { sha.hash(kilobyte); });
  const costmark::BudgetedCall call{"proj_500", {}, {}};
  constexpr std::int64_t now_us = 1'764'460'800'000'000;
  costmark::Reservation held;
  const double check = measure([&] {
    if (budgets.reserve(call, {1000, 10}, now_us, held).refused_by != nullptr) std::abort();
    budgets.settle(held, {900, 9}, now_us);
  });
  std::printf("Ratio to a bare SHA-256 of 1 KB\n%-44s%9.2f   %s\n\n",
              "reserve and settle, 1,000 budgets", check / bare,
              check < 1000 ? "under 1 us, as it must be" : "over 1 us, which is too much");
}

int run() {
  const std::size_t sizes[] = {1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  Sha256 sha;
  const auto body_client = make_client("body");
  const auto header_client = make_client("header");
  if (!body_client || !header_client) return 1;

  std::printf("Ratio to a bare SHA-256 of the same body\n%-44s", "");
  for (const std::size_t size : sizes) std::printf("%7zu k", size / 1000);
  std::printf("\n");

  for (const auto& [kind, make] :
       {std::pair{"chat", &chat_body}, std::pair{"image", &image_body}}) {
    Row rewrite{std::string("find the place and splice, ") + kind, {}};
    Row body{std::string("prepare: body carrier and SigV4, ") + kind, {}};
    Row header{std::string("prepare: header carrier and SigV4, ") + kind, {}};
    for (const std::size_t size : sizes) {
      const std::string text = make(size);
      const double bare = measure([&] { sha.hash(text); });

      costmark::json::Document document;
      const std::string_view paths[] = {"project_id"};
      rewrite.ratios.push_back(measure([&] {
                                 if (!document.open(text, paths) ||
                                     !document.set(0, "\"proj_5d5ykleja6cwpirysbb7\"") ||
                                     !document.finish()) {
                                   std::abort();
                                 }
                               }) /
                               bare);

      const Header headers[] = {{"Content-Type", "application/json"},
                                {"Accept", "application/json"},
                                {"User-Agent", "OpenAI/Python 3.54.0"}};
      const costmark::Request request{
          "POST",  "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions",
          headers, text,
          {},      {}};
      costmark::Prepared prepared;
      const auto prepare = [&](costmark::Client& client) {
        if (!client.prepare(request, prepared)) std::abort();
      };
      body.ratios.push_back(measure([&] { prepare(*body_client); }) / bare);
      header.ratios.push_back(measure([&] { prepare(*header_client); }) / bare);
    }
    print(rewrite);
    print(body);
    print(header);
  }
  std::printf("\n");
  print_budgets(sha);
#ifdef COSTMARK_BENCH_CAPI
  if (!costmark::bench::print_capi()) return 1;
#endif
  return costmark::bench::print_ledger() && costmark::bench::print_credentials() &&
                 costmark::bench::print_send()
             ? 0
             : 1;
}

}  // namespace

int main() {
  return run();
}
