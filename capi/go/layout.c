/*
 * The layout that this package was written for, of every public struct, on 64-bit platforms.
 * Structs grow at the end only (rule 6 of the header), so a later header's may be larger;
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

SIZE(costmark_label, 32);
AT(costmark_label, name, 0);
AT(costmark_label, value, 16);

SIZE(costmark_error_view, 64);
AT(costmark_error_view, struct_size, 0);
AT(costmark_error_view, message, 8);
AT(costmark_error_view, request_id, 24);
AT(costmark_error_view, offset, 40);
AT(costmark_error_view, has_offset, 48);
AT(costmark_error_view, status, 52);
AT(costmark_error_view, http_status, 56);
AT(costmark_error_view, retryable, 60);

SIZE(costmark_request, 128);
AT(costmark_request, struct_size, 0);
AT(costmark_request, method, 8);
AT(costmark_request, url, 24);
AT(costmark_request, headers, 40);
AT(costmark_request, header_count, 48);
AT(costmark_request, body, 56);
AT(costmark_request, project, 72);
AT(costmark_request, scope, 88);
AT(costmark_request, body_is_stream, 104);
AT(costmark_request, overrides_budgets, 108);
AT(costmark_request, labels, 112);
AT(costmark_request, label_count, 120);

SIZE(costmark_wait, 32);
AT(costmark_wait, struct_size, 0);
AT(costmark_wait, cancel, 8);
AT(costmark_wait, timeout_ms, 16);
AT(costmark_wait, no_wait, 24);
AT(costmark_wait, reserved, 28);

SIZE(costmark_prepared, 152);
AT(costmark_prepared, struct_size, 0);
AT(costmark_prepared, url, 8);
AT(costmark_prepared, set_headers, 24);
AT(costmark_prepared, set_header_count, 32);
AT(costmark_prepared, remove_headers, 40);
AT(costmark_prepared, remove_header_count, 48);
AT(costmark_prepared, body, 56);
AT(costmark_prepared, project, 72);
AT(costmark_prepared, model, 88);
AT(costmark_prepared, hint, 104);
AT(costmark_prepared, body_changed, 120);
AT(costmark_prepared, authorized, 124);
AT(costmark_prepared, streamed, 128);
AT(costmark_prepared, renewal_due, 132);
AT(costmark_prepared, project_source, 136);
AT(costmark_prepared, api, 140);
AT(costmark_prepared, unattributed, 144);
AT(costmark_prepared, unrecognized, 148);

SIZE(costmark_answer_head, 32);
AT(costmark_answer_head, struct_size, 0);
AT(costmark_answer_head, headers, 8);
AT(costmark_answer_head, header_count, 16);
AT(costmark_answer_head, http_status, 24);
AT(costmark_answer_head, encoded, 28);

SIZE(costmark_answer_plan, 32);
AT(costmark_answer_plan, struct_size, 0);
AT(costmark_answer_plan, read_ahead_len, 8);
AT(costmark_answer_plan, read_ahead_ms, 16);
AT(costmark_answer_plan, body_may_change, 24);
AT(costmark_answer_plan, reserved, 28);

SIZE(costmark_next, 24);
AT(costmark_next, struct_size, 0);
AT(costmark_next, pause_ms, 8);
AT(costmark_next, step, 16);
AT(costmark_next, reason, 20);

SIZE(costmark_usage, 64);
AT(costmark_usage, struct_size, 0);
AT(costmark_usage, input_tokens, 8);
AT(costmark_usage, cached_input_tokens, 16);
AT(costmark_usage, cache_write_tokens, 24);
AT(costmark_usage, output_tokens, 32);
AT(costmark_usage, reasoning_tokens, 40);
AT(costmark_usage, total_tokens, 48);
AT(costmark_usage, known, 56);
AT(costmark_usage, flags, 60);

SIZE(costmark_answer, 408);
AT(costmark_answer, struct_size, 0);
AT(costmark_answer, operation, 8);
AT(costmark_answer, project, 24);
AT(costmark_answer, model, 40);
AT(costmark_answer, model_answered, 56);
AT(costmark_answer, response_id, 72);
AT(costmark_answer, request_id, 88);
AT(costmark_answer, service_tier, 104);
AT(costmark_answer, error_code, 120);
AT(costmark_answer, usage_json, 136);
AT(costmark_answer, usage, 152);
AT(costmark_answer, latency_us, 160);
AT(costmark_answer, first_byte_us, 168);
AT(costmark_answer, kind, 176);
AT(costmark_answer, project_source, 180);
AT(costmark_answer, api, 184);
AT(costmark_answer, outcome, 188);
AT(costmark_answer, http_status, 192);
AT(costmark_answer, attempt, 196);
AT(costmark_answer, concurrent, 200);
AT(costmark_answer, price_flags, 204);
AT(costmark_answer, start_us, 208);
AT(costmark_answer, end_us, 216);
AT(costmark_answer, url_host, 224);
AT(costmark_answer, region, 240);
AT(costmark_answer, account, 256);
AT(costmark_answer, sdk, 272);
AT(costmark_answer, labels, 288);
AT(costmark_answer, label_count, 296);
AT(costmark_answer, labels_key, 304);
AT(costmark_answer, tags, 320);
AT(costmark_answer, tag_count, 328);
AT(costmark_answer, meters, 336);
AT(costmark_answer, meter_count, 344);
AT(costmark_answer, streamed, 352);
AT(costmark_answer, background, 356);
AT(costmark_answer, serving, 360);
AT(costmark_answer, price_book, 376);
AT(costmark_answer, cost_pico_usd, 392);
AT(costmark_answer, has_cost_pico_usd, 400);
AT(costmark_answer, cost_state, 404);

SIZE(costmark_response, 80);
AT(costmark_response, struct_size, 0);
AT(costmark_response, headers, 8);
AT(costmark_response, header_count, 16);
AT(costmark_response, body, 24);
AT(costmark_response, request_id, 40);
AT(costmark_response, hint, 56);
AT(costmark_response, http_status, 72);
AT(costmark_response, attempts, 76);

SIZE(costmark_send_options, 56);
AT(costmark_send_options, struct_size, 0);
AT(costmark_send_options, on_head, 8);
AT(costmark_send_options, on_body, 16);
AT(costmark_send_options, user_data, 24);
AT(costmark_send_options, cancel, 32);
AT(costmark_send_options, timeout_ms, 40);
AT(costmark_send_options, max_attempts, 48);
AT(costmark_send_options, reserved, 52);

SIZE(costmark_option, 96);
AT(costmark_option, struct_size, 0);
AT(costmark_option, name, 8);
AT(costmark_option, default_value, 24);
AT(costmark_option, choices, 40);
AT(costmark_option, description, 56);
AT(costmark_option, minimum, 72);
AT(costmark_option, maximum, 80);
AT(costmark_option, type, 88);
AT(costmark_option, reserved, 92);

SIZE(costmark_credentials, 96);
AT(costmark_credentials, struct_size, 0);
AT(costmark_credentials, access_key_id, 8);
AT(costmark_credentials, secret_access_key, 24);
AT(costmark_credentials, session_token, 40);
AT(costmark_credentials, account_id, 56);
AT(costmark_credentials, source, 72);
AT(costmark_credentials, expires_unix_s, 88);

SIZE(costmark_credentials_report_view, 56);
AT(costmark_credentials_report_view, struct_size, 0);
AT(costmark_credentials_report_view, region, 8);
AT(costmark_credentials_report_view, region_origin, 24);
AT(costmark_credentials_report_view, source_count, 40);
AT(costmark_credentials_report_view, found, 48);
AT(costmark_credentials_report_view, reserved, 52);

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

SIZE(costmark_verification_view, 112);
AT(costmark_verification_view, struct_size, 0);
AT(costmark_verification_view, reason, 8);
AT(costmark_verification_view, endpoint, 24);
AT(costmark_verification_view, carrier, 40);
AT(costmark_verification_view, project, 56);
AT(costmark_verification_view, model, 72);
AT(costmark_verification_view, checked_unix_s, 88);
AT(costmark_verification_view, probe_count, 96);
AT(costmark_verification_view, verdict, 104);
AT(costmark_verification_view, retryable, 108);

SIZE(costmark_probe, 96);
AT(costmark_probe, struct_size, 0);
AT(costmark_probe, project, 8);
AT(costmark_probe, request, 24);
AT(costmark_probe, code, 40);
AT(costmark_probe, request_id, 56);
AT(costmark_probe, finding, 72);
AT(costmark_probe, http_status, 88);
AT(costmark_probe, reserved, 92);

SIZE(costmark_usage_totals, 136);
AT(costmark_usage_totals, struct_size, 0);
AT(costmark_usage_totals, project, 8);
AT(costmark_usage_totals, model, 24);
AT(costmark_usage_totals, operations, 40);
AT(costmark_usage_totals, attempts, 48);
AT(costmark_usage_totals, failed_attempts, 56);
AT(costmark_usage_totals, incomplete_attempts, 64);
AT(costmark_usage_totals, open_attempts, 72);
AT(costmark_usage_totals, input_tokens, 80);
AT(costmark_usage_totals, cached_input_tokens, 88);
AT(costmark_usage_totals, cache_write_tokens, 96);
AT(costmark_usage_totals, output_tokens, 104);
AT(costmark_usage_totals, reasoning_tokens, 112);
AT(costmark_usage_totals, flagged, 120);
AT(costmark_usage_totals, overflow, 128);
AT(costmark_usage_totals, reserved, 132);

SIZE(costmark_request_counts, 24);
AT(costmark_request_counts, struct_size, 0);
AT(costmark_request_counts, unattributed, 8);
AT(costmark_request_counts, unrecognized, 16);

SIZE(costmark_ledger_counts, 40);
AT(costmark_ledger_counts, struct_size, 0);
AT(costmark_ledger_counts, rows_written, 8);
AT(costmark_ledger_counts, rows_waiting, 16);
AT(costmark_ledger_counts, rows_lost, 24);
AT(costmark_ledger_counts, rows_torn, 32);

SIZE(costmark_budget, 112);
AT(costmark_budget, struct_size, 0);
AT(costmark_budget, name, 8);
AT(costmark_budget, key, 24);
AT(costmark_budget, value, 40);
AT(costmark_budget, limit, 56);
AT(costmark_budget, spent, 64);
AT(costmark_budget, reserved, 72);
AT(costmark_budget, left, 80);
AT(costmark_budget, reset_us, 88);
AT(costmark_budget, subject, 96);
AT(costmark_budget, unit, 100);
AT(costmark_budget, period, 104);
AT(costmark_budget, action, 108);

SIZE(costmark_projects_place, 48);
AT(costmark_projects_place, struct_size, 0);
AT(costmark_projects_place, base_url, 8);
AT(costmark_projects_place, region, 24);
AT(costmark_projects_place, plane, 40);
AT(costmark_projects_place, reserved, 44);

SIZE(costmark_project, 160);
AT(costmark_project, struct_size, 0);
AT(costmark_project, id, 8);
AT(costmark_project, arn, 24);
AT(costmark_project, name, 40);
AT(costmark_project, status, 56);
AT(costmark_project, data_retention, 72);
AT(costmark_project, account, 88);
AT(costmark_project, region, 104);
AT(costmark_project, tags, 120);
AT(costmark_project, tag_count, 128);
AT(costmark_project, created_unix_s, 136);
AT(costmark_project, archived_unix_s, 144);
AT(costmark_project, plane, 152);
AT(costmark_project, knows_tags, 156);

SIZE(costmark_project_change, 56);
AT(costmark_project_change, struct_size, 0);
AT(costmark_project_change, name, 8);
AT(costmark_project_change, data_retention, 24);
AT(costmark_project_change, tags, 40);
AT(costmark_project_change, tag_count, 48);

SIZE(costmark_bearer_token_view, 32);
AT(costmark_bearer_token_view, struct_size, 0);
AT(costmark_bearer_token_view, text, 8);
AT(costmark_bearer_token_view, expires_unix_s, 24);

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

SIZE(costmark_signature_view, 56);
AT(costmark_signature_view, struct_size, 0);
AT(costmark_signature_view, url, 8);
AT(costmark_signature_view, headers, 24);
AT(costmark_signature_view, header_count, 32);
AT(costmark_signature_view, canonical_request, 40);

SIZE(costmark_json_edit, 64);
AT(costmark_json_edit, struct_size, 0);
AT(costmark_json_edit, json, 8);
AT(costmark_json_edit, path, 24);
AT(costmark_json_edit, value, 40);
AT(costmark_json_edit, strict, 56);
AT(costmark_json_edit, reserved, 60);

SIZE(costmark_route, 80);
AT(costmark_route, struct_size, 0);
AT(costmark_route, path, 8);
AT(costmark_route, file, 24);
AT(costmark_route, as_of, 40);
AT(costmark_route, source, 56);
AT(costmark_route, line, 72);
AT(costmark_route, reserved, 76);

SIZE(costmark_price_book_view, 80);
AT(costmark_price_book_view, struct_size, 0);
AT(costmark_price_book_view, hash, 8);
AT(costmark_price_book_view, date, 24);
AT(costmark_price_book_view, file, 40);
AT(costmark_price_book_view, price_count, 56);
AT(costmark_price_book_view, thresholds, 64);
AT(costmark_price_book_view, threshold_count, 72);

SIZE(costmark_price, 208);
AT(costmark_price, struct_size, 0);
AT(costmark_price, model, 8);
AT(costmark_price, region, 24);
AT(costmark_price, serving, 40);
AT(costmark_price, tier, 56);
AT(costmark_price, kind, 72);
AT(costmark_price, time_to_live, 88);
AT(costmark_price, unit, 104);
AT(costmark_price, from, 120);
AT(costmark_price, to, 136);
AT(costmark_price, as_of, 152);
AT(costmark_price, source, 168);
AT(costmark_price, over, 184);
AT(costmark_price, pico_usd, 192);
AT(costmark_price, has_pico_usd, 200);
AT(costmark_price, line, 204);

SIZE(costmark_count, 24);
AT(costmark_count, kind, 0);
AT(costmark_count, count, 16);

SIZE(costmark_priced_call, 104);
AT(costmark_priced_call, struct_size, 0);
AT(costmark_priced_call, model, 8);
AT(costmark_priced_call, region, 24);
AT(costmark_priced_call, serving, 40);
AT(costmark_priced_call, tier, 56);
AT(costmark_priced_call, usage, 72);
AT(costmark_priced_call, meters, 80);
AT(costmark_priced_call, meter_count, 88);
AT(costmark_priced_call, end_us, 96);

SIZE(costmark_cost_part, 16);
AT(costmark_cost_part, price, 0);
AT(costmark_cost_part, count, 8);

SIZE(costmark_cost, 32);
AT(costmark_cost, struct_size, 0);
AT(costmark_cost, pico_usd, 8);
AT(costmark_cost, state, 16);
AT(costmark_cost, has_pico_usd, 20);
AT(costmark_cost, flags, 24);
AT(costmark_cost, part_count, 28);
#endif
