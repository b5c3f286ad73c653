#include "capi_bench.hpp"

#include <costmark/costmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/client.hpp"
#include "measure.hpp"

namespace costmark::bench {
namespace {

constexpr std::string_view url =
    "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions";
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> options{
    {{"project", "proj_5d5ykleja6cwpirysbb7"},
     {"carrier", "body"},
     {"access_key_id", "AKIDEXAMPLE"},
     {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}}};
constexpr std::array<Header, 3> headers{{{"Content-Type", "application/json"},
                                         {"Accept", "application/json"},
                                         {"User-Agent", "OpenAI/Python 3.54.0"}}};

costmark_str str(std::string_view text) {
  return {text.data(), text.size()};
}

// Through the core.
class OfCore {
 public:
  OfCore() {
    ClientConfig config;
    for (const auto& [name, value] : options) {
      if (!config.options.set(name, value)) std::abort();
    }
    auto made = Client::create(std::move(config));
    if (!made) std::abort();
    client_ = std::move(made).value();
    operation_.emplace(client_->operation());
  }

  void prepare(std::string_view body) {
    if (!operation_->begin({"POST", url, headers, body, {}, {}}) || !operation_->prepare()) {
      std::abort();
    }
  }

 private:
  std::shared_ptr<Client> client_;
  std::optional<Operation> operation_;
};

// Through the shared library, and what a caller reads out of it.
class OfC {
 public:
  OfC() {
    costmark_config* config = nullptr;
    bool good = costmark_config_new(&config, nullptr) == COSTMARK_OK;
    for (const auto& [name, value] : options) {
      good = good && costmark_config_set(config, name.data(), name.size(), value.data(),
                                         value.size(), nullptr) == COSTMARK_OK;
    }
    good = good && costmark_client_new(config, &client_, nullptr) == COSTMARK_OK &&
           costmark_operation_new(client_, &operation_, nullptr) == COSTMARK_OK;
    costmark_config_free(config);
    if (!good) std::abort();
    for (std::size_t i = 0; i < headers.size(); ++i) {
      headers_[i] = {str(headers[i].name), str(headers[i].value)};
    }
  }
  ~OfC() {
    costmark_operation_free(operation_);
    costmark_client_release(client_);
  }
  OfC(const OfC&) = delete;
  OfC& operator=(const OfC&) = delete;

  void prepare(std::string_view body) {
    costmark_request request = COSTMARK_REQUEST_INIT;
    request.method = str("POST");
    request.url = str(url);
    request.headers = headers_.data();
    request.header_count = headers_.size();
    request.body = str(body);
    costmark_prepared prepared = COSTMARK_PREPARED_INIT;
    if (costmark_operation_begin(operation_, &request, nullptr) != COSTMARK_OK ||
        costmark_operation_prepare(operation_, nullptr, nullptr, &prepared, nullptr) !=
            COSTMARK_OK ||
        prepared.set_header_count == 0 || prepared.body.len <= body.size()) {
      std::abort();
    }
  }

 private:
  costmark_client* client_ = nullptr;
  costmark_operation* operation_ = nullptr;
  std::array<costmark_header, 3> headers_{};
};

}  // namespace

bool print_capi() {
  OfCore core;
  OfC c;
  std::printf("Ratio of costmark_operation_begin() and _prepare() to those of the core\n%-44s", "");
  const std::size_t sizes[] = {1'000, 10'000, 100'000};
  for (const std::size_t size : sizes) std::printf("%7zu k", size / 1000);
  std::printf("\n%-44s", "prepare: body carrier and SigV4, from C");
  for (const std::size_t size : sizes) {
    const std::string body =
        R"({"model":"openai.gpt-oss-120b","messages":")" + std::string(size, 'A') + "\"}";
    double of_core = 1e300, of_c = 1e300;
    for (int round = 0; round < 5; ++round) {  // in turns, for a machine that is busy now and then
      of_core = std::min(of_core, measure([&] { core.prepare(body); }));
      of_c = std::min(of_c, measure([&] { c.prepare(body); }));
    }
    std::printf("%9.3f", of_c / of_core);
  }
  std::printf("\n\n");
  return true;
}

}  // namespace costmark::bench
