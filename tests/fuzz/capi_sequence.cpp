// Functions of the C ABI in any order: with handles of the right type, of another type and NULL, in
// orders that make sense and in orders that do not, also from inside callbacks. Each returns a
// status and, if it fails, an error; nothing leaks, nothing is freed twice. Input: one call after
// another, in single characters. Ended handles are never used, which is a mistake that need not be
// noticed. What is sent goes to a server in this process, or nowhere.
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <string>

#include "costmark/costmark.h"
#include "fuzz/loopback.hpp"
#include "fuzz/property.hpp"

namespace {

constexpr std::array<std::string_view, 22> texts{
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
    "not json \r\n\xFF",
    "us-east-1",
    "region",
    "retry-after-ms",
    "1",
    "connection_pool",
    "process",
    "max_idle_connections",
    "0",
    R"({"error":{"code":"expired_token","message":"m"}})",
    "x-amzn-errortype"};

// Whatever a sequence sets, it reaches neither the machine's credentials nor a network.
void cut_off() {
  for (const char* const name : {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) {
    ::setenv(name, "/dev/null", 1);
  }
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
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

  static Machine& machine(void* user_data) { return *static_cast<Machine*>(user_data); }

  static void end_callback(void* user_data) { ++machine(user_data).freed_; }

  static costmark_status give_credentials(void* user_data, costmark_credentials_sink* sink) {
    const costmark_status status = machine(user_data).callback();
    if (status != COSTMARK_OK) return status;
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    credentials.access_key_id = COSTMARK_STR("AKIDEXAMPLE");
    credentials.secret_access_key = COSTMARK_STR("secret");
    return costmark_credentials_put(sink, &credentials, nullptr);
  }

  static costmark_status give_token(void* user_data, costmark_bearer_token_sink* sink) {
    const costmark_status status = machine(user_data).callback();
    if (status != COSTMARK_OK) return status;
    return costmark_bearer_token_put(sink, "token", 5, nullptr);
  }

  static void log(void*, costmark_log_level, const char* message, std::size_t size) {
    COSTMARK_HOLDS(costmark::fuzz::is_one_line({message, size}));
  }

  static void take_event(void* user_data, const costmark_usage_event* event) {
    COSTMARK_HOLDS(event->struct_size == sizeof *event && event->project.len > 0);
    COSTMARK_HOLDS(event->attempt > 0 && event->usage->struct_size == sizeof *event->usage);
    static_cast<void>(machine(user_data).callback());
  }

  static std::int64_t tell_time(void* user_data) {
    constexpr std::array<std::int64_t, 4> times{1735787045, -1, INT64_MAX, INT64_MIN};
    const unsigned which = machine(user_data).next();
    return times[which < 0xF0 ? 0 : which % times.size()];
  }

  static costmark_status take_head(void* user_data, const costmark_response* response) {
    Machine& self = machine(user_data);
    COSTMARK_HOLDS(response == self.response_ && self.heads_++ == 0 && self.pieces_ == 0);
    COSTMARK_HOLDS(costmark_response_http_status(response) < 300);
    return self.callback();
  }

  static costmark_status take_body(void* user_data, const char* data, std::size_t size) {
    Machine& self = machine(user_data);
    COSTMARK_HOLDS(data != nullptr && size > 0);
    ++self.pieces_;
    return self.callback();
  }

  // What a callback does besides its work, and what it returns.
  costmark_status callback() {
    switch (next() % 32) {
      case 1:
        return COSTMARK_STOPPED_BY_CALLBACK;
      case 2:
        return static_cast<costmark_status>(next());
      case 3:
        costmark_cancel_request(cancel_);
        break;
      case 4:  // the call may be one into it: then it lives on until that has ended
        end(costmark_client_release, client_);
        break;
      case 5:
        end(costmark_config_free, config_);
        break;
      case 6:
        end(costmark_cancel_release, cancel_);
        break;
      case 7:
        call_from_inside();
        break;
      case 8:
        end(costmark_credentials_provider_release, provider_);
        break;
      default:
        break;
    }
    return COSTMARK_OK;
  }

  // Refused when it is the client that is calling, and what the call works on is not touched.
  void call_from_inside() {
    costmark_usage_report* report = nullptr;
    const Result status = costmark_client_usage(client_, &report, nullptr);
    COSTMARK_HOLDS(client_ == nullptr || client_ != calling_ ||
                   status == COSTMARK_INVALID_ARGUMENT);
    costmark_usage_report_free(report);
    if (!sending_) return;
    const costmark_request request = COSTMARK_REQUEST_INIT;
    COSTMARK_HOLDS(costmark_client_send(client_, &request, nullptr, response_, nullptr) ==
                   COSTMARK_INVALID_ARGUMENT);
    costmark_response_free(response_);
  }

  void configure() {
    if (config_ == nullptr) {
      check(costmark_config_new(next() == 0xFF ? nullptr : &config_, &error_));
      return;
    }
    costmark_config* config = pick(config_);
    const bool fails = config != config_;
    switch (next() % 8) {
      case 0:
        ++given_;
        check(costmark_config_set_credentials_callback(config, fails ? nullptr : give_credentials,
                                                       this, end_callback, &error_));
        break;
      case 1:
        ++given_;
        check(costmark_config_set_bearer_token_callback(config, give_token, this, end_callback,
                                                        &error_));
        break;
      case 2:
        ++given_;
        check(costmark_config_set_log_callback(config, log, this, end_callback, &error_));
        break;
      case 3: {
        const costmark_str key = text();
        check(costmark_config_set_host_api_key(config, key.data, key.len, &error_));
        break;
      }
      case 6:
        ++given_;
        check(costmark_config_set_clock_callback(config, tell_time, this, end_callback, &error_));
        break;
      case 7:
        ++given_;
        check(costmark_config_set_usage_callback(config, fails ? nullptr : take_event, this,
                                                 end_callback, &error_));
        break;
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
    calling_ = client;
    const Result status = checks ? costmark_client_check(client, &request, prepared, &error_)
                                 : costmark_client_prepare(client, &request, prepared, &error_);
    calling_ = nullptr;
    check(status);
    if (status != COSTMARK_OK || checks) return;
    std::size_t size = 0;
    const char* body = costmark_prepared_body(prepared, &size);
    COSTMARK_HOLDS(costmark_prepared_body_changed(prepared) ||
                   std::string_view(body, size) ==
                       std::string_view(request.body.data, request.body.len));
  }

  void look() {
    costmark_prepared* prepared = pick(prepared_);
    std::size_t count = 0;
    const costmark_header* headers = costmark_prepared_headers_to_set(prepared, &count);
    for (std::size_t i = 0; i < count; ++i) COSTMARK_HOLDS(headers[i].name.len > 0);
    COSTMARK_HOLDS(count == 0 || headers != nullptr);
    static_cast<void>(costmark_prepared_headers_to_remove(prepared, nullptr));
    const char* project = costmark_prepared_project(prepared, &count);
    COSTMARK_HOLDS(project[count] == '\0');
    static_cast<void>(costmark_api_name(costmark_prepared_api(prepared)));
    static_cast<void>(costmark_project_source_name(costmark_prepared_project_source(prepared)));
    const char* hint = costmark_prepared_hint(prepared, &count);
    COSTMARK_HOLDS(count == 0 || costmark::fuzz::is_one_line({hint, count}));
    if (next() == 1) costmark_prepared_clear(prepared);
  }

  void observe() {
    if (observation_ == nullptr) {
      costmark_client* client = pick(client_);
      costmark_prepared* prepared = pick(prepared_);
      check(costmark_observation_new(client, prepared, next() % 3, &observation_, &error_));
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

  void sign(bool into_query) {
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
    const std::int64_t life = into_query ? INT64_C(1) << next() % 64 : 0;
    const Result status = into_query ? costmark_presign(&request, life, signature, &error_)
                                     : costmark_sign(&request, signature, &error_);
    check(status);
    std::size_t headers = 0, url = 0;
    static_cast<void>(costmark_signature_headers(signature, &headers));
    static_cast<void>(costmark_signature_url(signature, &url));
    COSTMARK_HOLDS((status == COSTMARK_OK && !into_query) == (headers > 0));
    COSTMARK_HOLDS((status == COSTMARK_OK && into_query) == (url > 0));
  }

  void edit() {
    const costmark_str json = text(), path = text(), value = text();
    std::array<char, 256> buffer{};
    std::size_t size = 0;
    std::uint32_t flags = next() % 3;
    check(costmark_json_set(json.data, json.len, path.data, path.len, value.data, value.len, flags,
                            buffer.data(), next(), &size, &error_));
    flags = next() % 3;
    check(costmark_json_remove(json.data, json.len, path.data, path.len, flags, buffer.data(),
                               next(), &size, &error_));
  }

  // A request to the server in this process, mostly; and how that is to answer.
  const costmark_request& request_to_loopback() {
    static_cast<void>(request());
    if (next() < 0xF0) {
      url_ = costmark::fuzz::loopback_url() + "/v1/chat/completions";
      request_.known.method = COSTMARK_STR("POST");
      request_.known.url = {url_.data(), url_.size()};
    }
    const unsigned kind = next();
    const costmark_str piece = text();
    const bool real = piece.data != nullptr && piece.len <= 4096;
    costmark::fuzz::script_loopback(kind, real ? std::string(piece.data, piece.len) : "");
    return request_.known;
  }

  // Shorter than the shortest pause before another attempt, but for those that the server asks for.
  std::int64_t short_time() { return 1 + next() % 40; }

  void send() {
    if (response_ == nullptr) check(costmark_response_new(&response_, &error_));
    if (cancel_ == nullptr) check(costmark_cancel_new(&cancel_, &error_));
    const costmark_request& request = request_to_loopback();
    costmark_client* client = pick(client_);
    costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
    const unsigned which = next();
    if (which % 2 != 0) options.on_head = take_head;
    if (which % 4 >= 2) options.on_body = take_body;
    if (which % 8 >= 4) options.cancel = pick(cancel_);
    options.user_data = this;
    options.timeout_ms = short_time();
    options.max_attempts = which >= 0xF8 ? which : which % 4;
    heads_ = pieces_ = 0;
    sending_ = true;
    calling_ = client;
    costmark_response* response = pick(response_);
    const Result status = costmark_client_send(client, &request, &options, response, &error_);
    sending_ = false;
    calling_ = nullptr;
    check(status);
    look_at_response(status, response);
  }

  void look_at_response(Result status, const costmark_response* response) {
    const std::int32_t http_status = costmark_response_http_status(response);
    COSTMARK_HOLDS(status != COSTMARK_OK || (http_status >= 200 && http_status < 300));
    std::size_t count = 0;
    const costmark_header* headers = costmark_response_headers(response, &count);
    for (std::size_t i = 0; i < count; ++i) {
      COSTMARK_HOLDS(headers[i].name.len > 0 && headers[i].value.data[headers[i].value.len] == 0);
    }
    const char* body = costmark_response_body(response, &count);
    COSTMARK_HOLDS(body[count] == '\0');
    const char* id = costmark_response_id(response, &count);
    COSTMARK_HOLDS(id[count] == '\0');
    COSTMARK_HOLDS(costmark_response_attempts(response) <= 101);  // with that of a kept connection
    costmark_usage usage = COSTMARK_USAGE_INIT;
    check(costmark_response_usage(response, &usage, &error_));
    static_cast<void>(costmark_outcome_name(costmark_response_outcome(response)));
  }

  void verify() {
    const costmark_str given = text();
    COSTMARK_HOLDS(!costmark_client_may_verify(client_, given.data, given.len));  // is off
    costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
    const costmark_request& sent = request_to_loopback();
    request.url = sent.url;
    request.project = text();
    request.model = text();
    request.timeout_ms = short_time();
    request.force = next() % 3;
    costmark_client* client = pick(client_);
    costmark_verification* verification = nullptr;
    calling_ = client;
    check(costmark_client_verify(client, next() == 0xFF ? nullptr : &request, &verification,
                                 &error_));
    calling_ = nullptr;
    for (std::size_t i = 0; i <= costmark_verification_probe_count(verification); ++i) {
      costmark_probe probe = COSTMARK_PROBE_INIT;
      check(costmark_verification_probe(verification, i, &probe, &error_));
    }
    std::size_t size = 0;
    const char* reason = costmark_verification_reason(verification, &size);
    COSTMARK_HOLDS(verification == nullptr || costmark::fuzz::is_one_line({reason, size}));
    costmark_verification_free(verification);
  }

  void provide_credentials() {
    if (provider_ == nullptr) {
      check(costmark_credentials_provider_new(pick(config_), &provider_, &error_));
      return;
    }
    costmark_credentials_provider* provider = costmark_credentials_provider_retain(provider_);
    costmark_credentials_set* set = nullptr;
    check(costmark_credentials_provider_get(pick(provider), &set, &error_));
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    check(costmark_credentials_set_view(set, &credentials, &error_));
    static_cast<void>(costmark_credentials_provider_refused(pick(provider), set));
    costmark_credentials_set_free(set);
    costmark_credentials_provider_release(provider);
  }

  void explain_credentials() {
    costmark_credentials_report* report = nullptr;
    check(costmark_credentials_report_new(pick(config_), &report, &error_));
    COSTMARK_HOLDS(!costmark_credentials_report_found(report));  // see cut_off()
    for (std::size_t i = 0; i <= costmark_credentials_report_count(report); ++i) {
      std::size_t size = 0;
      const char* source = costmark_credentials_report_source(report, i, &size);
      COSTMARK_HOLDS(source[size] == '\0');
    }
    costmark_credentials_report_free(report);
  }

  void make_token() {
    costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
    credentials.access_key_id = text();
    credentials.secret_access_key = text();
    const costmark_str region = text();
    const std::int64_t life = INT64_C(1) << next() % 64;
    const std::int64_t time = next() == 0xFF ? INT64_MIN : 0;
    costmark_bearer_token* token = nullptr;
    check(costmark_bearer_token_new(&credentials, region.data, region.len, life, time, &token,
                                    &error_));
    look_at_token(token);
  }

  static void look_at_token(costmark_bearer_token* token) {
    std::size_t size = 0;
    const char* text = costmark_bearer_token_text(token, &size);
    COSTMARK_HOLDS(text[size] == '\0' && (token == nullptr) == (size == 0));
    costmark_bearer_token_free(token);
  }

  void provide_token() {
    if (tokens_ == nullptr) {
      const costmark_config* config = pick(config_);
      check(
          costmark_bearer_token_provider_new(config, std::int64_t{next()} - 1, &tokens_, &error_));
      return;
    }
    const costmark_str refused = text();
    static_cast<void>(
        costmark_bearer_token_provider_refused(pick(tokens_), refused.data, refused.len));
    costmark_bearer_token* token = nullptr;
    check(costmark_bearer_token_provider_get(pick(tokens_), &token, &error_));
    look_at_token(token);
  }

  void step() {
    switch (next() % 18) {
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
        sign(false);
        break;
      case 9:
        edit();
        break;
      case 10:
        free_one(next());
        break;
      case 11:
        sign(true);
        break;
      case 12:
        provide_credentials();
        break;
      case 13:
        explain_credentials();
        break;
      case 14:
        make_token();
        break;
      case 15:
        provide_token();
        break;
      case 16:
        verify();
        break;
      default:
        send();
    }
  }

  template <class Handle>
  static void end(void (*free)(Handle*), Handle*& handle) {
    free(handle);
    handle = nullptr;
  }

  static constexpr unsigned kinds = 10;

  void free_one(unsigned which) {
    switch (which % kinds) {
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
      case 6:
        end(costmark_response_free, response_);
        break;
      case 7:
        end(costmark_cancel_release, cancel_);
        break;
      case 8:
        end(costmark_credentials_provider_release, provider_);
        break;
      case 9:
        end(costmark_bearer_token_provider_release, tokens_);
        break;
      default:  // one more owner, who lets go at once
        costmark_client_release(costmark_client_retain(client_));
    }
  }

  void end() {
    calls_ = {};
    for (unsigned which = 0; which < kinds; ++which) free_one(which);
    COSTMARK_HOLDS(freed_ == given_);
    COSTMARK_HOLDS(costmark_live_handles() == 0);
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
  costmark_response* response_ = nullptr;
  costmark_cancel* cancel_ = nullptr;
  costmark_credentials_provider* provider_ = nullptr;
  costmark_bearer_token_provider* tokens_ = nullptr;
  std::string url_;
  const costmark_client* calling_ = nullptr;  // whose call is under way
  bool sending_ = false;
  int heads_ = 0;  // of this send
  int pieces_ = 0;
  int given_ = 0;  // callbacks, and how many of them were ended
  int freed_ = 0;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_cut_off = (cut_off(), true);
  COSTMARK_HOLDS(is_cut_off);
  Machine({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}
