// The numbers and layouts that other languages rely on, pinned for the 64-bit platforms.
#include <cstddef>

#include "costmark/costmark.h"
#include "costmark/error.hpp"

namespace {

using costmark::Code;

constexpr bool is(Code code, costmark_status status) noexcept {
  return static_cast<costmark_status>(code) == status;
}

static_assert(is(Code::ok, COSTMARK_OK));
static_assert(is(Code::invalid_argument, COSTMARK_INVALID_ARGUMENT));
static_assert(is(Code::invalid_json, COSTMARK_INVALID_JSON));
static_assert(is(Code::invalid_url, COSTMARK_INVALID_URL));
static_assert(is(Code::invalid_option, COSTMARK_INVALID_OPTION));
static_assert(is(Code::endpoint_mismatch, COSTMARK_ENDPOINT_MISMATCH));
static_assert(is(Code::invalid_project, COSTMARK_INVALID_PROJECT));
static_assert(is(Code::unattributed, COSTMARK_UNATTRIBUTED));
static_assert(is(Code::conflict, COSTMARK_CONFLICT));
static_assert(is(Code::project_not_allowed, COSTMARK_PROJECT_NOT_ALLOWED));
static_assert(is(Code::no_credentials, COSTMARK_NO_CREDENTIALS));
static_assert(is(Code::expired_credentials, COSTMARK_EXPIRED_CREDENTIALS));
static_assert(is(Code::unusable_credentials, COSTMARK_UNUSABLE_CREDENTIALS));
static_assert(is(Code::transport, COSTMARK_TRANSPORT));
static_assert(is(Code::timeout, COSTMARK_TIMEOUT));
static_assert(is(Code::throttled, COSTMARK_THROTTLED));
static_assert(is(Code::service, COSTMARK_SERVICE));
static_assert(is(Code::out_of_memory, COSTMARK_OUT_OF_MEMORY));
static_assert(is(Code::internal, COSTMARK_INTERNAL));
static_assert(is(Code::stopped_by_callback, COSTMARK_STOPPED_BY_CALLBACK));
static_assert(is(Code::cancelled, COSTMARK_CANCELLED));

template <class Struct>
constexpr bool has_layout(std::size_t size) noexcept {
  return sizeof(void*) != 8 || (sizeof(Struct) == size && alignof(Struct) == 8);
}

static_assert(has_layout<costmark_str>(16));
static_assert(has_layout<costmark_header>(32));
static_assert(has_layout<costmark_option_info>(96));
static_assert(has_layout<costmark_credentials>(80));
static_assert(has_layout<costmark_request>(104));
static_assert(has_layout<costmark_usage>(56));
static_assert(has_layout<costmark_answer_head>(64));
static_assert(has_layout<costmark_usage_totals>(88));
static_assert(has_layout<costmark_send_options>(56));
static_assert(has_layout<costmark_verify_request>(88));
static_assert(has_layout<costmark_probe>(96));
static_assert(has_layout<costmark_usage_event>(96));
static_assert(has_layout<costmark_sign_request>(120));

// Field by field, offsets are pinned in tests/capi/layout_test.c.

}  // namespace
