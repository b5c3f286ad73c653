/* Sizes, alignments and offsets of the public structs on 64-bit platforms. A change here is a
 * change of the ABI. Compiles, or does not. */
#include <costmark/costmark.h>

#define PIN(line, condition) typedef char PIN_(line)[(condition) ? 1 : -1]
#define PIN_(line) PIN__(line)
#define PIN__(line) pin_##line
#define SIZE(type, size) PIN(__LINE__, sizeof(void *) != 8 || sizeof(type) == (size))
#define AT(type, field, offset) \
  PIN(__LINE__, sizeof(void *) != 8 || offsetof(type, field) == (offset))
#define ALIGNED(type)      \
  struct align_of_##type { \
    char before;           \
    type value;            \
  };                       \
  PIN(__LINE__, sizeof(void *) != 8 || offsetof(struct align_of_##type, value) == 8)

SIZE(costmark_status, 4);

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
