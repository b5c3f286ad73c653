/* Sizes, alignments and offsets of the public structs on 64-bit platforms, and the numbers. A
 * change here is a change of the ABI. Compiles, or does not. */
#include <costmark/costmark.h>

#define PIN(line, condition) typedef char PIN_(line)[(condition) ? 1 : -1]
#define PIN_(line) PIN__(line)
#define PIN__(line) pin_##line
#define SIZE(type, size) PIN(__LINE__, sizeof(void *) != 8 || sizeof(type) == (size))
#define AT(type, field, offset) \
  PIN(__LINE__, sizeof(void *) != 8 || offsetof(type, field) == (offset))
#define IS(constant, number) PIN(__LINE__, (constant) == (number))
#define ALIGNED(type)      \
  struct align_of_##type { \
    char before;           \
    type value;            \
  };                       \
  PIN(__LINE__, sizeof(void *) != 8 || offsetof(struct align_of_##type, value) == 8)

SIZE(costmark_status, 4);
SIZE(costmark_option_type, 4);
SIZE(costmark_log_level, 4);
SIZE(costmark_project_source, 4);
SIZE(costmark_api, 4);
SIZE(costmark_outcome, 4);
SIZE(costmark_verdict, 4);

ALIGNED(costmark_str);
SIZE(costmark_str, 16);
AT(costmark_str, data, 0);
AT(costmark_str, len, 8);

ALIGNED(costmark_header);
SIZE(costmark_header, 32);
AT(costmark_header, name, 0);
AT(costmark_header, value, 16);

ALIGNED(costmark_option_info);
SIZE(costmark_option_info, 96);
AT(costmark_option_info, struct_size, 0);
AT(costmark_option_info, name, 8);
AT(costmark_option_info, default_value, 24);
AT(costmark_option_info, choices, 40);
AT(costmark_option_info, description, 56);
AT(costmark_option_info, minimum, 72);
AT(costmark_option_info, maximum, 80);
AT(costmark_option_info, type, 88);
AT(costmark_option_info, reserved, 92);

ALIGNED(costmark_credentials);
SIZE(costmark_credentials, 80);
AT(costmark_credentials, struct_size, 0);
AT(costmark_credentials, access_key_id, 8);
AT(costmark_credentials, secret_access_key, 24);
AT(costmark_credentials, session_token, 40);
AT(costmark_credentials, account_id, 56);
AT(costmark_credentials, expires_unix_s, 72);

ALIGNED(costmark_request);
SIZE(costmark_request, 104);
AT(costmark_request, struct_size, 0);
AT(costmark_request, method, 8);
AT(costmark_request, url, 24);
AT(costmark_request, headers, 40);
AT(costmark_request, header_count, 48);
AT(costmark_request, body, 56);
AT(costmark_request, project, 72);
AT(costmark_request, scope, 88);

ALIGNED(costmark_usage);
SIZE(costmark_usage, 56);
AT(costmark_usage, struct_size, 0);
AT(costmark_usage, input_tokens, 8);
AT(costmark_usage, cached_input_tokens, 16);
AT(costmark_usage, cache_write_tokens, 24);
AT(costmark_usage, output_tokens, 32);
AT(costmark_usage, reasoning_tokens, 40);
AT(costmark_usage, known, 48);
AT(costmark_usage, inconsistent, 52);

ALIGNED(costmark_answer_head);
SIZE(costmark_answer_head, 64);
AT(costmark_answer_head, struct_size, 0);
AT(costmark_answer_head, http_status, 8);
AT(costmark_answer_head, reserved, 12);
AT(costmark_answer_head, content_type, 16);
AT(costmark_answer_head, date, 32);
AT(costmark_answer_head, error_type, 48);

ALIGNED(costmark_usage_totals);
SIZE(costmark_usage_totals, 88);
AT(costmark_usage_totals, struct_size, 0);
AT(costmark_usage_totals, operations, 8);
AT(costmark_usage_totals, attempts, 16);
AT(costmark_usage_totals, failed_attempts, 24);
AT(costmark_usage_totals, incomplete_attempts, 32);
AT(costmark_usage_totals, input_tokens, 40);
AT(costmark_usage_totals, cached_input_tokens, 48);
AT(costmark_usage_totals, cache_write_tokens, 56);
AT(costmark_usage_totals, output_tokens, 64);
AT(costmark_usage_totals, reasoning_tokens, 72);
AT(costmark_usage_totals, inconsistent, 80);

ALIGNED(costmark_sign_request);
SIZE(costmark_sign_request, 120);
AT(costmark_sign_request, struct_size, 0);
AT(costmark_sign_request, method, 8);
AT(costmark_sign_request, url, 24);
AT(costmark_sign_request, region, 40);
AT(costmark_sign_request, service, 56);
AT(costmark_sign_request, credentials, 72);
AT(costmark_sign_request, headers, 80);
AT(costmark_sign_request, header_count, 88);
AT(costmark_sign_request, body, 96);
AT(costmark_sign_request, time_unix_s, 112);

ALIGNED(costmark_send_options);
SIZE(costmark_send_options, 56);
AT(costmark_send_options, struct_size, 0);
AT(costmark_send_options, on_head, 8);
AT(costmark_send_options, on_body, 16);
AT(costmark_send_options, user_data, 24);
AT(costmark_send_options, cancel, 32);
AT(costmark_send_options, timeout_ms, 40);
AT(costmark_send_options, max_attempts, 48);
AT(costmark_send_options, reserved, 52);

ALIGNED(costmark_verify_request);
SIZE(costmark_verify_request, 88);
AT(costmark_verify_request, struct_size, 0);
AT(costmark_verify_request, project, 8);
AT(costmark_verify_request, model, 24);
AT(costmark_verify_request, url, 40);
AT(costmark_verify_request, headers, 56);
AT(costmark_verify_request, header_count, 64);
AT(costmark_verify_request, timeout_ms, 72);
AT(costmark_verify_request, api, 80);
AT(costmark_verify_request, force, 84);

ALIGNED(costmark_probe);
SIZE(costmark_probe, 96);
AT(costmark_probe, struct_size, 0);
AT(costmark_probe, project, 8);
AT(costmark_probe, request, 24);
AT(costmark_probe, code, 40);
AT(costmark_probe, request_id, 56);
AT(costmark_probe, finding, 72);
AT(costmark_probe, http_status, 88);
AT(costmark_probe, reserved, 92);

ALIGNED(costmark_usage_event);
SIZE(costmark_usage_event, 96);
AT(costmark_usage_event, struct_size, 0);
AT(costmark_usage_event, project, 8);
AT(costmark_usage_event, model, 24);
AT(costmark_usage_event, response_id, 40);
AT(costmark_usage_event, service_tier, 56);
AT(costmark_usage_event, usage, 72);
AT(costmark_usage_event, api, 80);
AT(costmark_usage_event, outcome, 84);
AT(costmark_usage_event, http_status, 88);
AT(costmark_usage_event, attempt, 92);

IS(COSTMARK_OK, 0);
IS(COSTMARK_INVALID_ARGUMENT, 1);
IS(COSTMARK_INVALID_JSON, 2);
IS(COSTMARK_INVALID_URL, 3);
IS(COSTMARK_INVALID_OPTION, 10);
IS(COSTMARK_ENDPOINT_MISMATCH, 11);
IS(COSTMARK_INVALID_PROJECT, 20);
IS(COSTMARK_UNATTRIBUTED, 21);
IS(COSTMARK_CONFLICT, 22);
IS(COSTMARK_PROJECT_NOT_ALLOWED, 23);
IS(COSTMARK_NO_CREDENTIALS, 30);
IS(COSTMARK_EXPIRED_CREDENTIALS, 31);
IS(COSTMARK_UNUSABLE_CREDENTIALS, 32);
IS(COSTMARK_TRANSPORT, 40);
IS(COSTMARK_TIMEOUT, 41);
IS(COSTMARK_THROTTLED, 42);
IS(COSTMARK_SERVICE, 43);
IS(COSTMARK_OUT_OF_MEMORY, 50);
IS(COSTMARK_INTERNAL, 51);
IS(COSTMARK_STOPPED_BY_CALLBACK, 60);
IS(COSTMARK_CANCELLED, 61);
IS(COSTMARK_OPTION_TEXT, 0);
IS(COSTMARK_OPTION_SECRET, 1);
IS(COSTMARK_OPTION_BOOLEAN, 2);
IS(COSTMARK_OPTION_INTEGER, 3);
IS(COSTMARK_OPTION_CHOICE, 4);
IS(COSTMARK_OPTION_LIST, 5);
IS(COSTMARK_OPTION_URL, 6);
IS(COSTMARK_LOG_DEBUG, 0);
IS(COSTMARK_LOG_INFO, 1);
IS(COSTMARK_LOG_WARNING, 2);
IS(COSTMARK_LOG_ERROR, 3);
IS(COSTMARK_SOURCE_NONE, 0);
IS(COSTMARK_SOURCE_REQUEST, 1);
IS(COSTMARK_SOURCE_SCOPE, 2);
IS(COSTMARK_SOURCE_RULE, 3);
IS(COSTMARK_SOURCE_CLIENT, 4);
IS(COSTMARK_SOURCE_ENVIRONMENT, 5);
IS(COSTMARK_API_OTHER, 0);
IS(COSTMARK_API_CHAT_COMPLETIONS, 1);
IS(COSTMARK_API_RESPONSES, 2);
IS(COSTMARK_API_MESSAGES, 3);
IS(COSTMARK_API_EMBEDDINGS, 4);
IS(COSTMARK_API_CONTROL, 5);
IS(COSTMARK_OUTCOME_OK, 0);
IS(COSTMARK_OUTCOME_ERROR, 1);
IS(COSTMARK_OUTCOME_CANCELLED, 2);
IS(COSTMARK_OUTCOME_INCOMPLETE, 3);
IS(COSTMARK_OUTCOME_UNKNOWN, 4);
IS(COSTMARK_VERDICT_HONOURED, 0);
IS(COSTMARK_VERDICT_NOT_HONOURED, 1);
IS(COSTMARK_VERDICT_UNKNOWN, 2);
IS(COSTMARK_USAGE_INPUT, 0x01);
IS(COSTMARK_USAGE_CACHED_INPUT, 0x02);
IS(COSTMARK_USAGE_CACHE_WRITE, 0x04);
IS(COSTMARK_USAGE_OUTPUT, 0x08);
IS(COSTMARK_USAGE_REASONING, 0x10);
IS(COSTMARK_JSON_STRICT, 0x1);
