// What callbacks do besides their work: end handles, stop, and call the library again.
#include "fuzz/capi_machine.hpp"

namespace costmark::fuzz {

costmark_status Machine::give_credentials(void* user_data, costmark_credentials_sink* sink) {
  const costmark_status status = machine(user_data).callback(true);
  if (status != COSTMARK_OK) return status;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = COSTMARK_STR("AKIDEXAMPLE");
  credentials.secret_access_key = COSTMARK_STR("secret");
  return costmark_credentials_put(sink, &credentials, nullptr);
}

costmark_status Machine::give_token(void* user_data, costmark_bearer_token_sink* sink) {
  const costmark_status status = machine(user_data).callback(true);
  if (status != COSTMARK_OK) return status;
  return costmark_bearer_token_put(sink, "token", 5, nullptr);
}

void Machine::take_refused(void* user_data, const char* token, std::size_t size) {
  COSTMARK_HOLDS(std::string_view(token, size) == "token");
  static_cast<void>(machine(user_data).callback(true));
}

void Machine::log(void*, costmark_log_level level, const char* message, std::size_t size) {
  COSTMARK_HOLDS(level >= COSTMARK_LOG_DEBUG && level <= COSTMARK_LOG_ERROR);
  COSTMARK_HOLDS(is_one_line({message, size}));
}

void Machine::take_answer(void* user_data, const costmark_answer* answer) {
  COSTMARK_HOLDS(answer->struct_size == sizeof *answer && answer->project.len > 0);
  COSTMARK_HOLDS(answer->kind == COSTMARK_ANSWER_ATTEMPT || answer->attempt == 0);
  COSTMARK_HOLDS(answer->usage->struct_size == sizeof *answer->usage);
  static_cast<void>(machine(user_data).callback(true));
}

std::int64_t Machine::tell_time(void* user_data) {
  constexpr std::array<std::int64_t, 4> times{1735787045, -1, INT64_MAX, INT64_MIN};
  const unsigned which = machine(user_data).next();
  return times[which < 0xF0 ? 0 : which % times.size()];
}

costmark_status Machine::take_head(void* user_data, const costmark_response* response) {
  Machine& self = machine(user_data);
  COSTMARK_HOLDS(self.heads_++ == 0 && self.pieces_ == 0);
  COSTMARK_HOLDS(response->struct_size == sizeof *response && response->http_status < 300);
  return self.callback(false);
}

costmark_status Machine::take_body(void* user_data, const char* data, std::size_t size) {
  Machine& self = machine(user_data);
  COSTMARK_HOLDS(data != nullptr && size > 0);
  ++self.pieces_;
  return self.callback(false);
}

// `of_client`: the client calls, and not a send.
costmark_status Machine::callback(bool of_client) {
  switch (next() % 32) {
    case 1:
      return COSTMARK_STOPPED_BY_CALLBACK;
    case 2:
      return static_cast<costmark_status>(next());
    case 3:
      costmark_cancel_stop(cancel_);
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
      call_from_inside(of_client);
      break;
    case 8:
      end(costmark_credentials_cache_release, credentials_);
      break;
    default:
      break;
  }
  return COSTMARK_OK;
}

// Refused when it is the client that is calling, and what the call works on is not touched.
void Machine::call_from_inside(bool of_client) {
  costmark_usage_report* report = nullptr;
  const Result status = costmark_client_usage(client_, &report, nullptr);
  if (of_client && client_ != nullptr && client_ == calling_) {
    COSTMARK_HOLDS(status == COSTMARK_INVALID_ARGUMENT);
  }
  costmark_usage_report_free(report);
  if (used_ == nullptr) return;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_str piece{};
  const auto refused = [](Result result) { COSTMARK_HOLDS(result == COSTMARK_INVALID_ARGUMENT); };
  refused(costmark_operation_begin(used_, &request, nullptr));
  refused(costmark_operation_ready(used_, nullptr, nullptr));
  refused(costmark_operation_prepare(used_, nullptr, nullptr, &prepared, nullptr));
  refused(costmark_operation_feed(used_, "x", 1, &piece));
  COSTMARK_HOLDS(piece.len == 1 && *piece.data == 'x');
  refused(costmark_operation_finish(used_, nullptr, nullptr));
  refused(costmark_operation_send(used_, nullptr, nullptr));
  costmark_operation_sent(used_);
  costmark_operation_free(used_);
}

}  // namespace costmark::fuzz
