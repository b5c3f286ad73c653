// Functions of the C ABI in any order: with handles of the right type, of another type and NULL, in
// orders that make sense and in orders that do not, also from inside callbacks. Each returns a
// status and, if it fails, an error; nothing leaks, nothing is freed twice. Input: one call after
// another, in single characters. Ended handles are never used, which is a mistake that need not be
// noticed. What is sent goes to a server in this process, or nowhere.
#include <cstdlib>

#include "fuzz/capi_machine.hpp"

namespace costmark::fuzz {
namespace {

// Whatever a sequence sets, it reaches neither the machine's credentials nor a network.
void cut_off() {
  for (const char* const name : {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) {
    ::setenv(name, "/dev/null", 1);
  }
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
}

}  // namespace

void Machine::configure() {
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
      check(costmark_config_set_bearer_token_callback(
          config, give_token, fails ? nullptr : take_refused, this, end_callback, &error_));
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
      check(costmark_config_set_usage_callback(config, fails ? nullptr : take_answer, this,
                                               end_callback, &error_));
      break;
    default: {
      const costmark_str name = text();
      const costmark_str value = text();
      check(costmark_config_set(config, name.data, name.len, value.data, value.len, &error_));
    }
  }
}

void Machine::make_client() {
  costmark_client* client = nullptr;
  check(costmark_client_new(pick(config_), &client, &error_));
  if (client == nullptr) return;
  costmark_operation_free(operation_);  // which is one of the client before
  operation_ = nullptr;
  costmark_client_release(client_);
  client_ = client;
}

void Machine::begin() {
  if (operation_ == nullptr) {
    check(costmark_operation_new(pick(client_), &operation_, &error_));
    return;
  }
  const costmark_request& request = this->request();
  costmark_operation* operation = pick(operation_);
  if (next() % 8 != 7) {
    calling_ = client_;
    used_ = operation_;
    const Result status = costmark_operation_begin(operation, &request, &error_);
    used_ = nullptr;
    calling_ = nullptr;
    check(status);
    return;
  }
  costmark_operation* beside = nullptr;
  check(costmark_operation_new(pick(client_), &beside, &error_));
  check(costmark_operation_begin_beside(beside, operation, &request, &error_));
  costmark_operation_sent(beside);
  calling_ = client_;
  costmark_operation_free(beside);
  calling_ = nullptr;
}

void Machine::prepare() {
  const costmark_request& request = this->request();
  costmark_operation* operation = pick(operation_);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_wait wait = COSTMARK_WAIT_INIT;
  const unsigned which = next();
  wait.no_wait = which % 4 == 3 ? 1 : 0;
  calling_ = client_;
  used_ = operation_;
  // With the request, since its memory was used again since the beginning.
  const Result status =
      which % 4 == 2 ? costmark_operation_ready(operation, nullptr, &error_)
                     : costmark_operation_prepare(operation, &request, &wait, &prepared, &error_);
  used_ = nullptr;
  calling_ = nullptr;
  check(status);
  if (status != COSTMARK_OK || which % 4 == 2) {
    COSTMARK_HOLDS(prepared.url.data == nullptr && prepared.set_header_count == 0);
    return;
  }
  look_at_prepared(prepared);
  COSTMARK_HOLDS(prepared.body_changed == 1 ||
                 std::string_view(prepared.body.data, prepared.body.len) ==
                     std::string_view(request.body.data, request.body.len));
}

void Machine::look_at_prepared(const costmark_prepared& prepared) {
  COSTMARK_HOLDS(prepared.set_header_count == 0 || prepared.set_headers != nullptr);
  for (std::size_t i = 0; i < prepared.set_header_count; ++i) {
    const costmark_header& header = prepared.set_headers[i];
    COSTMARK_HOLDS(header.name.len > 0 && is_text(header.name) && is_text(header.value));
  }
  for (std::size_t i = 0; i < prepared.remove_header_count; ++i) {
    COSTMARK_HOLDS(is_text(prepared.remove_headers[i]));
  }
  COSTMARK_HOLDS(prepared.url.len > 0 && is_text(prepared.url) && is_text(prepared.project));
  COSTMARK_HOLDS(is_text(prepared.model) && is_text(prepared.hint));
  COSTMARK_HOLDS(prepared.hint.len == 0 || is_one_line({prepared.hint.data, prepared.hint.len}));
}

void Machine::answer() {
  costmark_operation* operation = pick(operation_);
  costmark_str piece{};
  costmark_next next_step = COSTMARK_NEXT_INIT;
  const auto holds = [](Result status) {
    COSTMARK_HOLDS(status == COSTMARK_OK || status == COSTMARK_INVALID_ARGUMENT);
  };
  calling_ = client_;
  used_ = operation_;
  switch (next() % 7) {
    case 0: {
      costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
      costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
      head.http_status = static_cast<std::int32_t>(next() * 4) - 8;
      header_ = {text(), text()};
      head.headers = &header_;
      head.header_count = 1;
      head.encoded = next() % 16 == 15 ? 1 : 0;
      holds(costmark_operation_head(operation, &head, &plan));
      break;
    }
    case 1:
    case 2: {
      const costmark_str data = text();
      const Result status = costmark_operation_feed(operation, data.data, data.len, &piece);
      holds(status);
      COSTMARK_HOLDS(status == COSTMARK_OK || piece.data == data.data);
      break;
    }
    case 3:
      holds(costmark_operation_finish(operation, &piece, &next_step));
      break;
    case 4:
      holds(costmark_operation_fail(operation, static_cast<std::int32_t>(next() % 8) - 1, &piece,
                                    &next_step));
      break;
    case 5:
      costmark_operation_sent(operation);
      break;
    default:
      look_at_answer(operation);
  }
  used_ = nullptr;
  calling_ = nullptr;
  COSTMARK_HOLDS(next_step.pause_ms >= 0 && next_step.step <= COSTMARK_STEP_AFTER_PAUSE);
}

void Machine::look_at_answer(const costmark_operation* operation) {
  costmark_answer answer = COSTMARK_ANSWER_INIT;
  costmark_operation_answer(operation, &answer);
  COSTMARK_HOLDS(is_text(answer.operation) && is_text(answer.project) && is_text(answer.model));
  COSTMARK_HOLDS(is_text(answer.model_answered) && is_text(answer.response_id));
  COSTMARK_HOLDS(is_text(answer.request_id) && is_text(answer.service_tier));
  COSTMARK_HOLDS((answer.usage == nullptr) == (answer.attempt == 0));
  COSTMARK_HOLDS(answer.operation.len == (answer.project.len == 0 ? 0 : 36));
}

void Machine::send() {
  if (cancel_ == nullptr) check(costmark_cancel_new(&cancel_, &error_));
  if (operation_ == nullptr) check(costmark_operation_new(pick(client_), &operation_, &error_));
  const costmark_request& request = request_to_loopback();
  costmark_operation* operation = pick(operation_);
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const unsigned which = next();
  if (which % 2 != 0) options.on_head = take_head;
  if (which % 4 >= 2) options.on_body = take_body;
  if (which % 8 >= 4) options.cancel = pick(cancel_);
  options.user_data = this;
  options.timeout_ms = short_time();
  options.max_attempts = which >= 0xF8 ? which : which % 4;
  heads_ = pieces_ = 0;
  calling_ = client_;
  used_ = operation_;
  Result status = costmark_operation_begin(operation, &request, &error_);
  if (status == COSTMARK_OK) status = costmark_operation_send(operation, &options, &error_);
  used_ = nullptr;
  calling_ = nullptr;
  check(status);
  look_at_response(status, operation);
}

void Machine::look_at_response(Result status, const costmark_operation* operation) {
  costmark_response response = COSTMARK_RESPONSE_INIT;
  costmark_operation_response(operation, &response);
  COSTMARK_HOLDS(status != COSTMARK_OK ||
                 (response.http_status >= 200 && response.http_status < 300));
  for (std::size_t i = 0; i < response.header_count; ++i) {
    const costmark_header& header = response.headers[i];
    COSTMARK_HOLDS(header.name.len > 0 && is_text(header.name) && is_text(header.value));
  }
  COSTMARK_HOLDS(is_text(response.request_id) && is_text(response.hint));
  COSTMARK_HOLDS(response.attempts <= 101);  // with that of a kept connection
  look_at_answer(operation);
}

// Nothing is sent: each call ends at what is checked before.
void Machine::look_at_projects(const costmark_label& tag) {
  costmark_projects* projects = nullptr;
  costmark_project_list* list = nullptr;
  check(costmark_projects_new(pick(config_), static_cast<std::int32_t>(next() % 4), &projects,
                              &error_));
  costmark_projects_place place = COSTMARK_PROJECTS_PLACE_INIT;
  costmark_projects_read_place(projects, &place);
  COSTMARK_HOLDS(is_text(place.base_url) && is_text(place.region));
  costmark_project_change change = COSTMARK_PROJECT_CHANGE_INIT;
  change.data_retention = text();
  change.tags = &tag;
  change.tag_count = 1;
  check(costmark_projects_create(projects, &change, nullptr, &list, &error_));
  check(costmark_projects_archive(projects, "default", 7, nullptr, &list, &error_));
  check(costmark_projects_add_tags(projects, "no id", 5, &tag, 1, nullptr, &error_));
  check(costmark_projects_remove_tags(projects, "no id", 5, &tag.name, 1, nullptr, &error_));
  COSTMARK_HOLDS(list == nullptr && costmark_project_list_count(list) == 0);
  costmark_projects_free(projects);
}

void Machine::report() {
  costmark_usage_report* report = nullptr;
  check(costmark_client_usage(pick(client_), &report, &error_));
  for (std::size_t i = 0; i <= costmark_usage_report_count(report); ++i) {
    costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
    costmark_usage_report_read(report, i, &totals);
    COSTMARK_HOLDS(totals.operations <= totals.attempts && is_text(totals.project));
  }
  costmark_request_counts counts = COSTMARK_REQUEST_COUNTS_INIT;
  costmark_usage_report_requests(report, &counts);
  costmark_usage_report_free(report);
  costmark_ledger_counts rows = COSTMARK_LEDGER_COUNTS_INIT;
  costmark_client_ledger_counts(pick(client_), &rows);
  COSTMARK_HOLDS(rows.rows_written == 0 && rows.rows_waiting == 0);
  costmark_budget budget = COSTMARK_BUDGET_INIT;
  costmark_client_budget_read(pick(client_), costmark_client_budget_count(pick(client_)), &budget);
  COSTMARK_HOLDS(budget.name.data == nullptr && budget.limit == 0);
  const costmark_label label{text(), text()};
  check(costmark_labels_check(&label, 1, &error_));
  look_at_projects(label);
  if (next() == 0xFF) costmark_client_usage_reset(pick(client_));
}

void Machine::verify() {
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
  check(
      costmark_client_verify(client, next() == 0xFF ? nullptr : &request, &verification, &error_));
  calling_ = nullptr;
  costmark_verification_view view = COSTMARK_VERIFICATION_VIEW_INIT;
  costmark_verification_read(verification, &view);
  for (std::size_t i = 0; i <= view.probe_count; ++i) {
    costmark_probe probe = COSTMARK_PROBE_INIT;
    costmark_verification_probe(verification, i, &probe);
    COSTMARK_HOLDS((i == view.probe_count) == (probe.finding.len == 0));
  }
  COSTMARK_HOLDS(verification == nullptr || is_one_line({view.reason.data, view.reason.len}));
  costmark_verification_free(verification);
}

void Machine::step() {
  switch (next() % 19) {
    case 0:
    case 1:
      return configure();
    case 2:
      return make_client();
    case 3:
      return prepare();
    case 4:
    case 18:
      return begin();
    case 5:
    case 6:
      return answer();
    case 7:
      return report();
    case 8:
      return sign(false);
    case 9:
      return edit();
    case 10:
      calling_ = client_;
      free_one(next());
      calling_ = nullptr;
      return;
    case 11:
      return sign(true);
    case 12:
      return cache_credentials();
    case 13:
      return next() % 2 == 0 ? explain_credentials() : look_up();
    case 14:
      return make_token();
    case 15:
      return cache_tokens();
    case 16:
      return verify();
    default:
      return send();
  }
}

}  // namespace costmark::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_cut_off = (costmark::fuzz::cut_off(), true);
  COSTMARK_HOLDS(is_cut_off);
  costmark::fuzz::Machine({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}
