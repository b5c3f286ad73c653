/*
 * The layout that this package was written for, of every public struct, on 64-bit platforms.
 * Structs grow at the end only (rule 10 of the header), so a later header's may be larger;
 * costmark_str and costmark_header never grow. Compiles, or does not; layout_test.go sees that
 * nothing is missing.
 */
// clang-format Language: C
#include "bridge.h"

#if UINTPTR_MAX == UINT64_MAX
#define SIZE(type, size) _Static_assert(sizeof(type) >= (size), "the size of " #type)
#define AT(type, field, offset) \
  _Static_assert(offsetof(type, field) == (offset), "where " #field " is in " #type)

_Static_assert(sizeof(costmark_str) == 16, "costmark_str never grows");
_Static_assert(sizeof(costmark_header) == 32, "costmark_header never grows");

SIZE(costmark_str, 16);
AT(costmark_str, data, 0);
AT(costmark_str, len, 8);

SIZE(costmark_header, 32);
AT(costmark_header, name, 0);
AT(costmark_header, value, 16);

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

SIZE(costmark_credentials, 80);
AT(costmark_credentials, struct_size, 0);
AT(costmark_credentials, access_key_id, 8);
AT(costmark_credentials, secret_access_key, 24);
AT(costmark_credentials, session_token, 40);
AT(costmark_credentials, account_id, 56);
AT(costmark_credentials, expires_unix_s, 72);

SIZE(costmark_request, 104);
AT(costmark_request, struct_size, 0);
AT(costmark_request, method, 8);
AT(costmark_request, url, 24);
AT(costmark_request, headers, 40);
AT(costmark_request, header_count, 48);
AT(costmark_request, body, 56);
AT(costmark_request, project, 72);
AT(costmark_request, scope, 88);

SIZE(costmark_usage, 56);
AT(costmark_usage, struct_size, 0);
AT(costmark_usage, input_tokens, 8);
AT(costmark_usage, cached_input_tokens, 16);
AT(costmark_usage, cache_write_tokens, 24);
AT(costmark_usage, output_tokens, 32);
AT(costmark_usage, reasoning_tokens, 40);
AT(costmark_usage, known, 48);
AT(costmark_usage, inconsistent, 52);

SIZE(costmark_answer_head, 64);
AT(costmark_answer_head, struct_size, 0);
AT(costmark_answer_head, http_status, 8);
AT(costmark_answer_head, reserved, 12);
AT(costmark_answer_head, content_type, 16);
AT(costmark_answer_head, date, 32);
AT(costmark_answer_head, error_type, 48);

SIZE(costmark_send_options, 56);
AT(costmark_send_options, struct_size, 0);
AT(costmark_send_options, on_head, 8);
AT(costmark_send_options, on_body, 16);
AT(costmark_send_options, user_data, 24);
AT(costmark_send_options, cancel, 32);
AT(costmark_send_options, timeout_ms, 40);
AT(costmark_send_options, max_attempts, 48);
AT(costmark_send_options, reserved, 52);

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

SIZE(costmark_probe, 96);
AT(costmark_probe, struct_size, 0);
AT(costmark_probe, project, 8);
AT(costmark_probe, request, 24);
AT(costmark_probe, code, 40);
AT(costmark_probe, request_id, 56);
AT(costmark_probe, finding, 72);
AT(costmark_probe, http_status, 88);
AT(costmark_probe, reserved, 92);

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
#endif
