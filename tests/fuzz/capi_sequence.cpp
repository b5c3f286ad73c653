// Functions of the C ABI in any order: with handles of the right type, of another type and NULL, in
// orders that make sense and in orders that do not. Each returns a status and, if it fails, an
// error; nothing leaks, nothing is freed twice. Input: one call after another, in single
// characters. Ended handles are never used, which is a mistake that need not be noticed.
#include <array>
#include <climits>
#include <initializer_list>

#include "costmark/costmark.h"
#include "fuzz/property.hpp"

namespace {

constexpr std::array<std::string_view, 12> texts{
    "",
    "project",
    "proj_a",
    "auth",
    "none",
    "POST",
    "text/event-stream",
    "application/json",
    "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
    R"({"model":"m","stream":true})",
    "data: "
    "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
    "not json \r\n\xFF"};

void count_call(void* user_data) {
  ++*static_cast<int*>(user_data);
}

class Machine {
 public:
  explicit Machine(std::string_view calls) : calls_(calls) {}

  void run() {
    while (!calls_.empty()) step();
    end();
  }

 private:
  using Result = costmark_status;

  unsigned next() {
    if (calls_.empty()) return 0;
    const auto c = static_cast<unsigned char>(calls_.front());
    calls_.remove_prefix(1);
    return c;
  }

  // Mostly texts that make sense somewhere; now and then what nobody should pass.
  costmark_str text() {
    const unsigned which = next();
    if (which == 0xFF) return {nullptr, 7};
    if (which == 0xFE) return {"x", SIZE_MAX};
    if (which == 0xFD) return {nullptr, 0};
    const std::string_view known = texts[which % texts.size()];
    if (which < 0xC0) return {known.data(), known.size()};
    const std::string_view rest = calls_.substr(0, 24);
    return {rest.data(), rest.size()};
  }

  // A handle: this one, none, or one of another type.
  template <class Handle>
  Handle* pick(Handle* handle) {
    const unsigned which = next();
    if (which == 0xFF) return nullptr;
    if (which == 0xFE && config_ != nullptr) return reinterpret_cast<Handle*>(config_);
    if (which == 0xFD && prepared_ != nullptr) return reinterpret_cast<Handle*>(prepared_);
    return handle;
  }

  // Every failing call says why, and a call that does not fail stores nothing.
  void check(Result status) {
    COSTMARK_HOLDS((status == COSTMARK_OK) == (error_ == nullptr));
    if (error_ == nullptr) return;
    COSTMARK_HOLDS(costmark_error_status(error_) == status);
    std::size_t size = 0;
    const char* message = costmark_error_message(error_, &size);
    COSTMARK_HOLDS(message[size] == '\0' && costmark::fuzz::is_one_line({message, size}));
    costmark_error_free(error_);
    error_ = nullptr;
  }

  static costmark_status give_credentials(void*, costmark_credentials_sink* sink) {
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    credentials.access_key_id = COSTMARK_STR("AKIDEXAMPLE");
    credentials.secret_access_key = COSTMARK_STR("secret");
    return costmark_credentials_put(sink, &credentials, nullptr);
  }

  static costmark_status give_token(void*, costmark_bearer_token_sink* sink) {
    return costmark_bearer_token_put(sink, "token", 5, nullptr);
  }

  static void log(void*, costmark_log_level, const char* message, std::size_t size) {
    COSTMARK_HOLDS(costmark::fuzz::is_one_line({message, size}));
  }

  void configure() {
    if (config_ == nullptr) {
      check(costmark_config_new(next() == 0xFF ? nullptr : &config_, &error_));
      return;
    }
    costmark_config* config = pick(config_);
    const bool fails = config != config_;
    switch (next() % 6) {
      case 0:
        ++given_;
        check(costmark_config_set_credentials_callback(config, fails ? nullptr : give_credentials,
                                                       &freed_, count_call, &error_));
        break;
      case 1:
        ++given_;
        check(costmark_config_set_bearer_token_callback(config, give_token, &freed_, count_call,
                                                        &error_));
        break;
      case 2:
        ++given_;
        check(costmark_config_set_log_callback(config, log, &freed_, count_call, &error_));
        break;
      case 3: {
        const costmark_str key = text();
        check(costmark_config_set_host_api_key(config, key.data, key.len, &error_));
        break;
      }
      default: {
        const costmark_str name = text();
        const costmark_str value = text();
        check(costmark_config_set(config, name.data, name.len, value.data, value.len, &error_));
      }
    }
  }

  void make_client() {
    costmark_client* client = nullptr;
    check(costmark_client_new(pick(config_), &client, &error_));
    if (client == nullptr) return;
    costmark_client_release(client_);
    client_ = client;
  }

  // A request as a program has it whose header is older or newer than the library.
  struct RequestOfAnotherVersion {
    costmark_request known;
    std::array<char, 256> later;
  };

  const costmark_request& request() {
    request_ = {COSTMARK_REQUEST_INIT, {}};
    costmark_request& request = request_.known;
    if (next() == 0xFF) request.struct_size = next();
    if (next() == 0xFF) request_.later.front() = 1;
    request.method = text();
    request.url = text();
    request.body = text();
    request.project = text();
    request.scope = text();
    header_ = {text(), text()};
    request.header_count = next() % 2;
    request.headers = next() == 0xFF ? nullptr : &header_;
    return request;
  }

  void prepare() {
    if (prepared_ == nullptr) check(costmark_prepared_new(&prepared_, &error_));
    const costmark_request& request = this->request();
    costmark_client* client = pick(client_);
    costmark_prepared* prepared = pick(prepared_);
    const bool checks = next() % 4 == 3;
    const Result status = checks ? costmark_client_check(client, &request, prepared, &error_)
                                 : costmark_client_prepare(client, &request, prepared, &error_);
    check(status);
    if (status != COSTMARK_OK || checks) return;
    std::size_t size = 0;
    const char* body = costmark_prepared_body(prepared, &size);
    COSTMARK_HOLDS(costmark_prepared_body_changed(prepared) ||
                   std::string_view(body, size) ==
                       std::string_view(request.body.data, request.body.len));
  }

  void look() {
    const costmark_prepared* prepared = pick(prepared_);
    std::size_t count = 0;
    const costmark_header* headers = costmark_prepared_headers_to_set(prepared, &count);
    for (std::size_t i = 0; i < count; ++i) COSTMARK_HOLDS(headers[i].name.len > 0);
    COSTMARK_HOLDS(count == 0 || headers != nullptr);
    static_cast<void>(costmark_prepared_headers_to_remove(prepared, nullptr));
    const char* project = costmark_prepared_project(prepared, &count);
    COSTMARK_HOLDS(project[count] == '\0');
    static_cast<void>(costmark_api_name(costmark_prepared_api(prepared)));
    static_cast<void>(costmark_project_source_name(costmark_prepared_project_source(prepared)));
  }

  void observe() {
    if (observation_ == nullptr) {
      check(costmark_observation_new(pick(client_), pick(prepared_), next() % 3, &observation_,
                                     &error_));
      return;
    }
    costmark_observation* observation = pick(observation_);
    const char* data = nullptr;
    std::size_t size = 0;
    switch (next() % 6) {
      case 0: {
        costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
        head.http_status = static_cast<std::int32_t>(next() * 4) - 8;
        head.content_type = text();
        head.date = text();
        head.error_type = text();
        check(costmark_observation_head(observation, &head, &error_));
        break;
      }
      case 1:
      case 2: {
        const costmark_str piece = text();
        check(costmark_observation_feed(observation, piece.data, piece.len, &data, &size, &error_));
        break;
      }
      case 3:
        check(costmark_observation_finish(observation, &data, &size, &error_));
        break;
      case 4:
        check(costmark_observation_fail(observation, static_cast<std::int32_t>(next() % 7) - 1,
                                        &data, &size, &error_));
        break;
      default: {
        costmark_usage usage = COSTMARK_USAGE_INIT;
        check(costmark_observation_usage(observation, &usage, &error_));
        const char* id = costmark_observation_response_id(observation, &size);
        COSTMARK_HOLDS(id[size] == '\0');
      }
    }
  }

  void report() {
    costmark_usage_report* report = nullptr;
    check(costmark_client_usage(pick(client_), &report, &error_));
    for (std::size_t i = 0; i <= costmark_usage_report_count(report); ++i) {
      costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
      check(costmark_usage_report_totals(report, i, &totals, &error_));
      COSTMARK_HOLDS(totals.operations <= totals.attempts);
    }
    costmark_usage_report_free(report);
  }

  void sign() {
    if (signature_ == nullptr) check(costmark_signature_new(&signature_, &error_));
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    credentials.access_key_id = text();
    credentials.secret_access_key = text();
    credentials.expires_unix_s = next() % 2 == 0 ? 0 : INT64_MIN + next();
    costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
    request.method = text();
    request.url = text();
    request.region = text();
    request.service = text();
    request.credentials = next() == 0xFF ? nullptr : &credentials;
    request.body = text();
    request.time_unix_s = next() % 2 == 0 ? 1735787045 : INT64_MAX - next();
    costmark_signature* signature = pick(signature_);
    const Result status = costmark_sign(&request, signature, &error_);
    check(status);
    std::size_t count = 0;
    static_cast<void>(costmark_signature_headers(signature, &count));
    COSTMARK_HOLDS((status == COSTMARK_OK) == (count > 0));
  }

  void edit() {
    const costmark_str json = text(), path = text(), value = text();
    std::array<char, 256> buffer{};
    std::size_t size = 0;
    check(costmark_json_set(json.data, json.len, path.data, path.len, value.data, value.len,
                            next() % 3, buffer.data(), next(), &size, &error_));
    check(costmark_json_remove(json.data, json.len, path.data, path.len, next() % 3, buffer.data(),
                               next(), &size, &error_));
  }

  void step() {
    switch (next() % 11) {
      case 0:
      case 1:
        configure();
        break;
      case 2:
        make_client();
        break;
      case 3:
        prepare();
        break;
      case 4:
        look();
        break;
      case 5:
      case 6:
        observe();
        break;
      case 7:
        report();
        break;
      case 8:
        sign();
        break;
      case 9:
        edit();
        break;
      default:
        free_one();
    }
  }

  template <class Handle>
  static void end(void (*free)(Handle*), Handle*& handle) {
    free(handle);
    handle = nullptr;
  }

  void free_one() {
    switch (next() % 6) {
      case 0:
        end(costmark_config_free, config_);
        break;
      case 1:
        end(costmark_client_release, client_);
        break;
      case 2:
        end(costmark_prepared_free, prepared_);
        break;
      case 3:
        end(costmark_observation_free, observation_);
        break;
      case 4:
        end(costmark_signature_free, signature_);
        break;
      default:  // one more owner, who lets go at once
        costmark_client_release(costmark_client_retain(client_));
    }
  }

  void end() {
    for (const unsigned which : {0U, 1U, 2U, 3U, 4U}) {
      const char call = static_cast<char>(which);
      calls_ = {&call, 1};
      free_one();
    }
    COSTMARK_HOLDS(freed_ == given_);
  }

  std::string_view calls_;
  RequestOfAnotherVersion request_{};
  costmark_header header_{};
  costmark_error* error_ = nullptr;
  costmark_config* config_ = nullptr;
  costmark_client* client_ = nullptr;
  costmark_prepared* prepared_ = nullptr;
  costmark_observation* observation_ = nullptr;
  costmark_signature* signature_ = nullptr;
  int given_ = 0;  // callbacks, and how many of them were ended
  int freed_ = 0;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Machine({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}
