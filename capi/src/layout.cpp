// The layouts that other languages rely on, pinned for the 64-bit platforms. Field by field,
// offsets are pinned in tests/capi/layout_test.c; numbers in numbers.cpp.
#include <cstddef>

#include "costmark/costmark.h"

namespace {

template <class Struct>
constexpr bool has_layout(std::size_t size) noexcept {
  return sizeof(void*) != 8 || (sizeof(Struct) == size && alignof(Struct) == 8);
}

static_assert(has_layout<costmark_str>(16));
static_assert(has_layout<costmark_header>(32));
static_assert(has_layout<costmark_error_view>(64));
static_assert(has_layout<costmark_label>(32));
static_assert(has_layout<costmark_request>(128));
static_assert(has_layout<costmark_wait>(32));
static_assert(has_layout<costmark_prepared>(152));
static_assert(has_layout<costmark_answer_head>(32));
static_assert(has_layout<costmark_answer_plan>(32));
static_assert(has_layout<costmark_next>(24));
static_assert(has_layout<costmark_usage>(64));
static_assert(has_layout<costmark_answer>(408));
static_assert(has_layout<costmark_response>(80));
static_assert(has_layout<costmark_send_options>(56));
static_assert(has_layout<costmark_option>(96));
static_assert(has_layout<costmark_credentials>(96));
static_assert(has_layout<costmark_credentials_report_view>(56));
static_assert(has_layout<costmark_verify_request>(88));
static_assert(has_layout<costmark_verification_view>(112));
static_assert(has_layout<costmark_probe>(96));
static_assert(has_layout<costmark_usage_totals>(136));
static_assert(has_layout<costmark_request_counts>(24));
static_assert(has_layout<costmark_ledger_counts>(40));
static_assert(has_layout<costmark_budget>(112));
static_assert(has_layout<costmark_projects_place>(48));
static_assert(has_layout<costmark_project>(160));
static_assert(has_layout<costmark_project_change>(56));
static_assert(has_layout<costmark_bearer_token_view>(32));
static_assert(has_layout<costmark_sign_request>(120));
static_assert(has_layout<costmark_signature_view>(56));
static_assert(has_layout<costmark_json_edit>(64));
static_assert(has_layout<costmark_route>(80));
static_assert(has_layout<costmark_price_book_view>(80));
static_assert(has_layout<costmark_price>(208));
static_assert(has_layout<costmark_count>(24));
static_assert(has_layout<costmark_priced_call>(104));
static_assert(has_layout<costmark_cost_part>(16));
static_assert(has_layout<costmark_cost>(32));

}  // namespace
