// Made by ../regenerate (bindgen 0.73.2) from costmark.h; do not edit.

pub const COSTMARK_VERSION_MAJOR: u32 = 0;
pub const COSTMARK_VERSION_MINOR: u32 = 1;
pub const COSTMARK_VERSION_PATCH: u32 = 0;
pub const COSTMARK_VERSION_NUMBER: u32 = 1000;
pub const COSTMARK_ABI_VERSION: u32 = 1;
pub const COSTMARK_USAGE_INPUT: u32 = 1;
pub const COSTMARK_USAGE_CACHED_INPUT: u32 = 2;
pub const COSTMARK_USAGE_CACHE_WRITE: u32 = 4;
pub const COSTMARK_USAGE_OUTPUT: u32 = 8;
pub const COSTMARK_USAGE_REASONING: u32 = 16;
pub const COSTMARK_USAGE_TOTAL: u32 = 32;
pub const COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE: u32 = 1;
pub const COSTMARK_USAGE_FLAG_DECREASING: u32 = 2;
pub const COSTMARK_USAGE_FLAG_TOTAL: u32 = 4;
pub const COSTMARK_USAGE_FLAG_UNREAD: u32 = 8;
pub const COSTMARK_USAGE_FLAG_OTHER_MODEL: u32 = 16;
pub const COSTMARK_PRICE_FLAG_TIER_ASSUMED: u32 = 1;
pub const COSTMARK_PRICE_FLAG_PARTS_ABSENT: u32 = 2;
pub const COSTMARK_PRICE_FLAG_CACHE_TIME_ABSENT: u32 = 4;
pub const COSTMARK_PRICE_FLAG_COUNTS_ABSENT: u32 = 8;
pub const COSTMARK_PRICE_FLAG_INCONSISTENT: u32 = 16;
pub const COSTMARK_PRICE_FLAG_OVERFLOW: u32 = 32;
pub const COSTMARK_PRICE_FLAG_NO_MODEL: u32 = 64;
pub const COSTMARK_PRICE_FLAG_NO_REGION: u32 = 128;
pub const COSTMARK_PRICE_FLAG_NO_SERVING: u32 = 256;
pub const COSTMARK_PRICE_FLAG_NO_TIER: u32 = 512;
pub const COSTMARK_PRICE_FLAG_NO_DAY: u32 = 1024;
pub const COSTMARK_PRICE_FLAG_NO_PRICE: u32 = 2048;
pub const COSTMARK_PRICE_FLAG_REGION_ABSENT: u32 = 4096;
unsafe extern "C" {
    pub fn costmark_version() -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_version_number() -> u32;
}
unsafe extern "C" {
    pub fn costmark_abi_version() -> u32;
}
unsafe extern "C" {
    pub fn costmark_has_feature(name: *const ::core::ffi::c_char, name_len: usize) -> bool;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_str {
    pub data: *const ::core::ffi::c_char,
    pub len: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_str"][::core::mem::size_of::<costmark_str>() - 16usize];
    ["Alignment of costmark_str"][::core::mem::align_of::<costmark_str>() - 8usize];
    ["Offset of field: costmark_str::data"][::core::mem::offset_of!(costmark_str, data) - 0usize];
    ["Offset of field: costmark_str::len"][::core::mem::offset_of!(costmark_str, len) - 8usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_header {
    pub name: costmark_str,
    pub value: costmark_str,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_header"][::core::mem::size_of::<costmark_header>() - 32usize];
    ["Alignment of costmark_header"][::core::mem::align_of::<costmark_header>() - 8usize];
    ["Offset of field: costmark_header::name"]
        [::core::mem::offset_of!(costmark_header, name) - 0usize];
    ["Offset of field: costmark_header::value"]
        [::core::mem::offset_of!(costmark_header, value) - 16usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_label {
    pub name: costmark_str,
    pub value: costmark_str,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_label"][::core::mem::size_of::<costmark_label>() - 32usize];
    ["Alignment of costmark_label"][::core::mem::align_of::<costmark_label>() - 8usize];
    ["Offset of field: costmark_label::name"]
        [::core::mem::offset_of!(costmark_label, name) - 0usize];
    ["Offset of field: costmark_label::value"]
        [::core::mem::offset_of!(costmark_label, value) - 16usize];
};
unsafe extern "C" {
    pub fn costmark_init(any_struct: *mut ::core::ffi::c_void, struct_size: usize);
}
unsafe extern "C" {
    pub fn costmark_header_find(
        headers: *const costmark_header,
        count: usize,
        name: *const ::core::ffi::c_char,
        name_len: usize,
        out_value: *mut costmark_str,
    ) -> bool;
}
pub type costmark_status = i32;
pub const COSTMARK_OK: i32 = 0;
pub const COSTMARK_INVALID_ARGUMENT: i32 = 1;
pub const COSTMARK_INVALID_JSON: i32 = 2;
pub const COSTMARK_INVALID_URL: i32 = 3;
pub const COSTMARK_BODY_NEEDED: i32 = 4;
pub const COSTMARK_INVALID_OPTION: i32 = 10;
pub const COSTMARK_ENDPOINT_MISMATCH: i32 = 11;
pub const COSTMARK_UNSUPPORTED: i32 = 12;
pub const COSTMARK_INVALID_PROJECT: i32 = 20;
pub const COSTMARK_UNATTRIBUTED: i32 = 21;
pub const COSTMARK_CONFLICT: i32 = 22;
pub const COSTMARK_PROJECT_NOT_ALLOWED: i32 = 23;
pub const COSTMARK_BUDGET_EXCEEDED: i32 = 24;
pub const COSTMARK_NO_CREDENTIALS: i32 = 30;
pub const COSTMARK_EXPIRED_CREDENTIALS: i32 = 31;
pub const COSTMARK_UNUSABLE_CREDENTIALS: i32 = 32;
pub const COSTMARK_TRANSPORT: i32 = 40;
pub const COSTMARK_TIMEOUT: i32 = 41;
pub const COSTMARK_THROTTLED: i32 = 42;
pub const COSTMARK_SERVICE: i32 = 43;
pub const COSTMARK_OUT_OF_MEMORY: i32 = 50;
pub const COSTMARK_INTERNAL: i32 = 51;
pub const COSTMARK_STOPPED_BY_CALLBACK: i32 = 60;
pub const COSTMARK_CANCELLED: i32 = 61;
pub const COSTMARK_WOULD_BLOCK: i32 = 62;
#[repr(C)]
#[derive(Debug)]
pub struct costmark_error {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_error_view {
    pub struct_size: usize,
    pub message: costmark_str,
    pub request_id: costmark_str,
    pub offset: u64,
    pub has_offset: u32,
    pub status: costmark_status,
    pub http_status: i32,
    pub retryable: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_error_view"][::core::mem::size_of::<costmark_error_view>() - 64usize];
    ["Alignment of costmark_error_view"][::core::mem::align_of::<costmark_error_view>() - 8usize];
    ["Offset of field: costmark_error_view::struct_size"]
        [::core::mem::offset_of!(costmark_error_view, struct_size) - 0usize];
    ["Offset of field: costmark_error_view::message"]
        [::core::mem::offset_of!(costmark_error_view, message) - 8usize];
    ["Offset of field: costmark_error_view::request_id"]
        [::core::mem::offset_of!(costmark_error_view, request_id) - 24usize];
    ["Offset of field: costmark_error_view::offset"]
        [::core::mem::offset_of!(costmark_error_view, offset) - 40usize];
    ["Offset of field: costmark_error_view::has_offset"]
        [::core::mem::offset_of!(costmark_error_view, has_offset) - 48usize];
    ["Offset of field: costmark_error_view::status"]
        [::core::mem::offset_of!(costmark_error_view, status) - 52usize];
    ["Offset of field: costmark_error_view::http_status"]
        [::core::mem::offset_of!(costmark_error_view, http_status) - 56usize];
    ["Offset of field: costmark_error_view::retryable"]
        [::core::mem::offset_of!(costmark_error_view, retryable) - 60usize];
};
unsafe extern "C" {
    pub fn costmark_error_read(error: *const costmark_error, out_view: *mut costmark_error_view);
}
unsafe extern "C" {
    pub fn costmark_error_free(error: *mut costmark_error);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_config {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_config_new(
        out_config: *mut *mut costmark_config,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_config_set(
        config: *mut costmark_config,
        name: *const ::core::ffi::c_char,
        name_len: usize,
        value: *const ::core::ffi::c_char,
        value_len: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_config_free(config: *mut costmark_config);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_client {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_client_new(
        config: *const costmark_config,
        out_client: *mut *mut costmark_client,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_client_retain(client: *mut costmark_client) -> *mut costmark_client;
}
unsafe extern "C" {
    pub fn costmark_client_release(client: *mut costmark_client);
}
pub type costmark_project_source = i32;
pub const COSTMARK_SOURCE_NONE: i32 = 0;
pub const COSTMARK_SOURCE_REQUEST: i32 = 1;
pub const COSTMARK_SOURCE_SCOPE: i32 = 2;
pub const COSTMARK_SOURCE_RULE: i32 = 3;
pub const COSTMARK_SOURCE_CLIENT: i32 = 4;
pub const COSTMARK_SOURCE_ENVIRONMENT: i32 = 5;
pub type costmark_api = i32;
pub const COSTMARK_API_OTHER: i32 = 0;
pub const COSTMARK_API_CHAT_COMPLETIONS: i32 = 1;
pub const COSTMARK_API_RESPONSES: i32 = 2;
pub const COSTMARK_API_MESSAGES: i32 = 3;
pub const COSTMARK_API_EMBEDDINGS: i32 = 4;
pub const COSTMARK_API_CONTROL: i32 = 5;
pub const COSTMARK_API_CONVERSE: i32 = 6;
pub const COSTMARK_API_INVOKE_MODEL: i32 = 7;
pub type costmark_outcome = i32;
pub const COSTMARK_OUTCOME_UNKNOWN: i32 = 0;
pub const COSTMARK_OUTCOME_OK: i32 = 1;
pub const COSTMARK_OUTCOME_ERROR: i32 = 2;
pub const COSTMARK_OUTCOME_CANCELLED: i32 = 3;
pub const COSTMARK_OUTCOME_INCOMPLETE: i32 = 4;
pub const COSTMARK_OUTCOME_OPEN: i32 = 5;
pub type costmark_step = i32;
pub const COSTMARK_STEP_NONE: i32 = 0;
pub const COSTMARK_STEP_DONE: i32 = 1;
pub const COSTMARK_STEP_AGAIN: i32 = 2;
pub const COSTMARK_STEP_AFTER_PAUSE: i32 = 3;
pub type costmark_reason = i32;
pub const COSTMARK_REASON_NONE: i32 = 0;
pub const COSTMARK_REASON_ANSWERED: i32 = 1;
pub const COSTMARK_REASON_CANCELLED: i32 = 2;
pub const COSTMARK_REASON_FINAL_ANSWER: i32 = 3;
pub const COSTMARK_REASON_NOT_RENEWED: i32 = 4;
pub const COSTMARK_REASON_EXHAUSTED: i32 = 5;
pub const COSTMARK_REASON_REFUSED: i32 = 6;
pub const COSTMARK_REASON_BUSY: i32 = 7;
pub const COSTMARK_REASON_NO_ANSWER: i32 = 8;
pub const COSTMARK_REASON_CUT_SHORT: i32 = 9;
#[repr(C)]
#[derive(Debug)]
pub struct costmark_operation {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_request {
    pub struct_size: usize,
    pub method: costmark_str,
    pub url: costmark_str,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub body: costmark_str,
    pub project: costmark_str,
    pub scope: costmark_str,
    pub body_is_stream: u32,
    pub overrides_budgets: u32,
    pub labels: *const costmark_label,
    pub label_count: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_request"][::core::mem::size_of::<costmark_request>() - 128usize];
    ["Alignment of costmark_request"][::core::mem::align_of::<costmark_request>() - 8usize];
    ["Offset of field: costmark_request::struct_size"]
        [::core::mem::offset_of!(costmark_request, struct_size) - 0usize];
    ["Offset of field: costmark_request::method"]
        [::core::mem::offset_of!(costmark_request, method) - 8usize];
    ["Offset of field: costmark_request::url"]
        [::core::mem::offset_of!(costmark_request, url) - 24usize];
    ["Offset of field: costmark_request::headers"]
        [::core::mem::offset_of!(costmark_request, headers) - 40usize];
    ["Offset of field: costmark_request::header_count"]
        [::core::mem::offset_of!(costmark_request, header_count) - 48usize];
    ["Offset of field: costmark_request::body"]
        [::core::mem::offset_of!(costmark_request, body) - 56usize];
    ["Offset of field: costmark_request::project"]
        [::core::mem::offset_of!(costmark_request, project) - 72usize];
    ["Offset of field: costmark_request::scope"]
        [::core::mem::offset_of!(costmark_request, scope) - 88usize];
    ["Offset of field: costmark_request::body_is_stream"]
        [::core::mem::offset_of!(costmark_request, body_is_stream) - 104usize];
    ["Offset of field: costmark_request::overrides_budgets"]
        [::core::mem::offset_of!(costmark_request, overrides_budgets) - 108usize];
    ["Offset of field: costmark_request::labels"]
        [::core::mem::offset_of!(costmark_request, labels) - 112usize];
    ["Offset of field: costmark_request::label_count"]
        [::core::mem::offset_of!(costmark_request, label_count) - 120usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_cancel {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_cancel_new(
        out_cancel: *mut *mut costmark_cancel,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_cancel_stop(cancel: *mut costmark_cancel);
}
unsafe extern "C" {
    pub fn costmark_cancel_stopped(cancel: *const costmark_cancel) -> bool;
}
unsafe extern "C" {
    pub fn costmark_cancel_retain(cancel: *mut costmark_cancel) -> *mut costmark_cancel;
}
unsafe extern "C" {
    pub fn costmark_cancel_release(cancel: *mut costmark_cancel);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_wait {
    pub struct_size: usize,
    pub cancel: *mut costmark_cancel,
    pub timeout_ms: i64,
    pub no_wait: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_wait"][::core::mem::size_of::<costmark_wait>() - 32usize];
    ["Alignment of costmark_wait"][::core::mem::align_of::<costmark_wait>() - 8usize];
    ["Offset of field: costmark_wait::struct_size"]
        [::core::mem::offset_of!(costmark_wait, struct_size) - 0usize];
    ["Offset of field: costmark_wait::cancel"]
        [::core::mem::offset_of!(costmark_wait, cancel) - 8usize];
    ["Offset of field: costmark_wait::timeout_ms"]
        [::core::mem::offset_of!(costmark_wait, timeout_ms) - 16usize];
    ["Offset of field: costmark_wait::no_wait"]
        [::core::mem::offset_of!(costmark_wait, no_wait) - 24usize];
    ["Offset of field: costmark_wait::reserved"]
        [::core::mem::offset_of!(costmark_wait, reserved) - 28usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_prepared {
    pub struct_size: usize,
    pub url: costmark_str,
    pub set_headers: *const costmark_header,
    pub set_header_count: usize,
    pub remove_headers: *const costmark_str,
    pub remove_header_count: usize,
    pub body: costmark_str,
    pub project: costmark_str,
    pub model: costmark_str,
    pub hint: costmark_str,
    pub body_changed: u32,
    pub authorized: u32,
    pub streamed: u32,
    pub renewal_due: u32,
    pub project_source: costmark_project_source,
    pub api: costmark_api,
    pub unattributed: u32,
    pub unrecognized: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_prepared"][::core::mem::size_of::<costmark_prepared>() - 152usize];
    ["Alignment of costmark_prepared"][::core::mem::align_of::<costmark_prepared>() - 8usize];
    ["Offset of field: costmark_prepared::struct_size"]
        [::core::mem::offset_of!(costmark_prepared, struct_size) - 0usize];
    ["Offset of field: costmark_prepared::url"]
        [::core::mem::offset_of!(costmark_prepared, url) - 8usize];
    ["Offset of field: costmark_prepared::set_headers"]
        [::core::mem::offset_of!(costmark_prepared, set_headers) - 24usize];
    ["Offset of field: costmark_prepared::set_header_count"]
        [::core::mem::offset_of!(costmark_prepared, set_header_count) - 32usize];
    ["Offset of field: costmark_prepared::remove_headers"]
        [::core::mem::offset_of!(costmark_prepared, remove_headers) - 40usize];
    ["Offset of field: costmark_prepared::remove_header_count"]
        [::core::mem::offset_of!(costmark_prepared, remove_header_count) - 48usize];
    ["Offset of field: costmark_prepared::body"]
        [::core::mem::offset_of!(costmark_prepared, body) - 56usize];
    ["Offset of field: costmark_prepared::project"]
        [::core::mem::offset_of!(costmark_prepared, project) - 72usize];
    ["Offset of field: costmark_prepared::model"]
        [::core::mem::offset_of!(costmark_prepared, model) - 88usize];
    ["Offset of field: costmark_prepared::hint"]
        [::core::mem::offset_of!(costmark_prepared, hint) - 104usize];
    ["Offset of field: costmark_prepared::body_changed"]
        [::core::mem::offset_of!(costmark_prepared, body_changed) - 120usize];
    ["Offset of field: costmark_prepared::authorized"]
        [::core::mem::offset_of!(costmark_prepared, authorized) - 124usize];
    ["Offset of field: costmark_prepared::streamed"]
        [::core::mem::offset_of!(costmark_prepared, streamed) - 128usize];
    ["Offset of field: costmark_prepared::renewal_due"]
        [::core::mem::offset_of!(costmark_prepared, renewal_due) - 132usize];
    ["Offset of field: costmark_prepared::project_source"]
        [::core::mem::offset_of!(costmark_prepared, project_source) - 136usize];
    ["Offset of field: costmark_prepared::api"]
        [::core::mem::offset_of!(costmark_prepared, api) - 140usize];
    ["Offset of field: costmark_prepared::unattributed"]
        [::core::mem::offset_of!(costmark_prepared, unattributed) - 144usize];
    ["Offset of field: costmark_prepared::unrecognized"]
        [::core::mem::offset_of!(costmark_prepared, unrecognized) - 148usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_answer_head {
    pub struct_size: usize,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub http_status: i32,
    pub encoded: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_answer_head"][::core::mem::size_of::<costmark_answer_head>() - 32usize];
    ["Alignment of costmark_answer_head"][::core::mem::align_of::<costmark_answer_head>() - 8usize];
    ["Offset of field: costmark_answer_head::struct_size"]
        [::core::mem::offset_of!(costmark_answer_head, struct_size) - 0usize];
    ["Offset of field: costmark_answer_head::headers"]
        [::core::mem::offset_of!(costmark_answer_head, headers) - 8usize];
    ["Offset of field: costmark_answer_head::header_count"]
        [::core::mem::offset_of!(costmark_answer_head, header_count) - 16usize];
    ["Offset of field: costmark_answer_head::http_status"]
        [::core::mem::offset_of!(costmark_answer_head, http_status) - 24usize];
    ["Offset of field: costmark_answer_head::encoded"]
        [::core::mem::offset_of!(costmark_answer_head, encoded) - 28usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_answer_plan {
    pub struct_size: usize,
    pub read_ahead_len: usize,
    pub read_ahead_ms: i64,
    pub body_may_change: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_answer_plan"][::core::mem::size_of::<costmark_answer_plan>() - 32usize];
    ["Alignment of costmark_answer_plan"][::core::mem::align_of::<costmark_answer_plan>() - 8usize];
    ["Offset of field: costmark_answer_plan::struct_size"]
        [::core::mem::offset_of!(costmark_answer_plan, struct_size) - 0usize];
    ["Offset of field: costmark_answer_plan::read_ahead_len"]
        [::core::mem::offset_of!(costmark_answer_plan, read_ahead_len) - 8usize];
    ["Offset of field: costmark_answer_plan::read_ahead_ms"]
        [::core::mem::offset_of!(costmark_answer_plan, read_ahead_ms) - 16usize];
    ["Offset of field: costmark_answer_plan::body_may_change"]
        [::core::mem::offset_of!(costmark_answer_plan, body_may_change) - 24usize];
    ["Offset of field: costmark_answer_plan::reserved"]
        [::core::mem::offset_of!(costmark_answer_plan, reserved) - 28usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_next {
    pub struct_size: usize,
    pub pause_ms: i64,
    pub step: costmark_step,
    pub reason: costmark_reason,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_next"][::core::mem::size_of::<costmark_next>() - 24usize];
    ["Alignment of costmark_next"][::core::mem::align_of::<costmark_next>() - 8usize];
    ["Offset of field: costmark_next::struct_size"]
        [::core::mem::offset_of!(costmark_next, struct_size) - 0usize];
    ["Offset of field: costmark_next::pause_ms"]
        [::core::mem::offset_of!(costmark_next, pause_ms) - 8usize];
    ["Offset of field: costmark_next::step"]
        [::core::mem::offset_of!(costmark_next, step) - 16usize];
    ["Offset of field: costmark_next::reason"]
        [::core::mem::offset_of!(costmark_next, reason) - 20usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_usage {
    pub struct_size: usize,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub cache_write_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
    pub total_tokens: u64,
    pub known: u32,
    pub flags: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_usage"][::core::mem::size_of::<costmark_usage>() - 64usize];
    ["Alignment of costmark_usage"][::core::mem::align_of::<costmark_usage>() - 8usize];
    ["Offset of field: costmark_usage::struct_size"]
        [::core::mem::offset_of!(costmark_usage, struct_size) - 0usize];
    ["Offset of field: costmark_usage::input_tokens"]
        [::core::mem::offset_of!(costmark_usage, input_tokens) - 8usize];
    ["Offset of field: costmark_usage::cached_input_tokens"]
        [::core::mem::offset_of!(costmark_usage, cached_input_tokens) - 16usize];
    ["Offset of field: costmark_usage::cache_write_tokens"]
        [::core::mem::offset_of!(costmark_usage, cache_write_tokens) - 24usize];
    ["Offset of field: costmark_usage::output_tokens"]
        [::core::mem::offset_of!(costmark_usage, output_tokens) - 32usize];
    ["Offset of field: costmark_usage::reasoning_tokens"]
        [::core::mem::offset_of!(costmark_usage, reasoning_tokens) - 40usize];
    ["Offset of field: costmark_usage::total_tokens"]
        [::core::mem::offset_of!(costmark_usage, total_tokens) - 48usize];
    ["Offset of field: costmark_usage::known"]
        [::core::mem::offset_of!(costmark_usage, known) - 56usize];
    ["Offset of field: costmark_usage::flags"]
        [::core::mem::offset_of!(costmark_usage, flags) - 60usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_count {
    pub kind: costmark_str,
    pub count: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_count"][::core::mem::size_of::<costmark_count>() - 24usize];
    ["Alignment of costmark_count"][::core::mem::align_of::<costmark_count>() - 8usize];
    ["Offset of field: costmark_count::kind"]
        [::core::mem::offset_of!(costmark_count, kind) - 0usize];
    ["Offset of field: costmark_count::count"]
        [::core::mem::offset_of!(costmark_count, count) - 16usize];
};
pub type costmark_cost_state = i32;
pub const COSTMARK_COST_UNKNOWN: i32 = 0;
pub const COSTMARK_COST_PRICED: i32 = 1;
pub const COSTMARK_COST_PARTIAL: i32 = 2;
pub const COSTMARK_COST_UNPRICED: i32 = 3;
pub const COSTMARK_COST_FREE: i32 = 4;
pub const COSTMARK_COST_ELSEWHERE: i32 = 5;
pub type costmark_answer_kind = i32;
pub const COSTMARK_ANSWER_ATTEMPT: i32 = 1;
pub const COSTMARK_ANSWER_SETTLEMENT: i32 = 2;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_answer {
    pub struct_size: usize,
    pub operation: costmark_str,
    pub project: costmark_str,
    pub model: costmark_str,
    pub model_answered: costmark_str,
    pub response_id: costmark_str,
    pub request_id: costmark_str,
    pub service_tier: costmark_str,
    pub error_code: costmark_str,
    pub usage_json: costmark_str,
    pub usage: *const costmark_usage,
    pub latency_us: i64,
    pub first_byte_us: i64,
    pub kind: costmark_answer_kind,
    pub project_source: costmark_project_source,
    pub api: costmark_api,
    pub outcome: costmark_outcome,
    pub http_status: i32,
    pub attempt: u32,
    pub concurrent: u32,
    pub price_flags: u32,
    pub start_us: i64,
    pub end_us: i64,
    pub url_host: costmark_str,
    pub region: costmark_str,
    pub account: costmark_str,
    pub sdk: costmark_str,
    pub labels: *const costmark_label,
    pub label_count: usize,
    pub labels_key: costmark_str,
    pub tags: *const costmark_label,
    pub tag_count: usize,
    pub meters: *const costmark_count,
    pub meter_count: usize,
    pub streamed: u32,
    pub background: u32,
    pub serving: costmark_str,
    pub price_book: costmark_str,
    pub cost_pico_usd: i64,
    pub has_cost_pico_usd: u32,
    pub cost_state: costmark_cost_state,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_answer"][::core::mem::size_of::<costmark_answer>() - 408usize];
    ["Alignment of costmark_answer"][::core::mem::align_of::<costmark_answer>() - 8usize];
    ["Offset of field: costmark_answer::struct_size"]
        [::core::mem::offset_of!(costmark_answer, struct_size) - 0usize];
    ["Offset of field: costmark_answer::operation"]
        [::core::mem::offset_of!(costmark_answer, operation) - 8usize];
    ["Offset of field: costmark_answer::project"]
        [::core::mem::offset_of!(costmark_answer, project) - 24usize];
    ["Offset of field: costmark_answer::model"]
        [::core::mem::offset_of!(costmark_answer, model) - 40usize];
    ["Offset of field: costmark_answer::model_answered"]
        [::core::mem::offset_of!(costmark_answer, model_answered) - 56usize];
    ["Offset of field: costmark_answer::response_id"]
        [::core::mem::offset_of!(costmark_answer, response_id) - 72usize];
    ["Offset of field: costmark_answer::request_id"]
        [::core::mem::offset_of!(costmark_answer, request_id) - 88usize];
    ["Offset of field: costmark_answer::service_tier"]
        [::core::mem::offset_of!(costmark_answer, service_tier) - 104usize];
    ["Offset of field: costmark_answer::error_code"]
        [::core::mem::offset_of!(costmark_answer, error_code) - 120usize];
    ["Offset of field: costmark_answer::usage_json"]
        [::core::mem::offset_of!(costmark_answer, usage_json) - 136usize];
    ["Offset of field: costmark_answer::usage"]
        [::core::mem::offset_of!(costmark_answer, usage) - 152usize];
    ["Offset of field: costmark_answer::latency_us"]
        [::core::mem::offset_of!(costmark_answer, latency_us) - 160usize];
    ["Offset of field: costmark_answer::first_byte_us"]
        [::core::mem::offset_of!(costmark_answer, first_byte_us) - 168usize];
    ["Offset of field: costmark_answer::kind"]
        [::core::mem::offset_of!(costmark_answer, kind) - 176usize];
    ["Offset of field: costmark_answer::project_source"]
        [::core::mem::offset_of!(costmark_answer, project_source) - 180usize];
    ["Offset of field: costmark_answer::api"]
        [::core::mem::offset_of!(costmark_answer, api) - 184usize];
    ["Offset of field: costmark_answer::outcome"]
        [::core::mem::offset_of!(costmark_answer, outcome) - 188usize];
    ["Offset of field: costmark_answer::http_status"]
        [::core::mem::offset_of!(costmark_answer, http_status) - 192usize];
    ["Offset of field: costmark_answer::attempt"]
        [::core::mem::offset_of!(costmark_answer, attempt) - 196usize];
    ["Offset of field: costmark_answer::concurrent"]
        [::core::mem::offset_of!(costmark_answer, concurrent) - 200usize];
    ["Offset of field: costmark_answer::price_flags"]
        [::core::mem::offset_of!(costmark_answer, price_flags) - 204usize];
    ["Offset of field: costmark_answer::start_us"]
        [::core::mem::offset_of!(costmark_answer, start_us) - 208usize];
    ["Offset of field: costmark_answer::end_us"]
        [::core::mem::offset_of!(costmark_answer, end_us) - 216usize];
    ["Offset of field: costmark_answer::url_host"]
        [::core::mem::offset_of!(costmark_answer, url_host) - 224usize];
    ["Offset of field: costmark_answer::region"]
        [::core::mem::offset_of!(costmark_answer, region) - 240usize];
    ["Offset of field: costmark_answer::account"]
        [::core::mem::offset_of!(costmark_answer, account) - 256usize];
    ["Offset of field: costmark_answer::sdk"]
        [::core::mem::offset_of!(costmark_answer, sdk) - 272usize];
    ["Offset of field: costmark_answer::labels"]
        [::core::mem::offset_of!(costmark_answer, labels) - 288usize];
    ["Offset of field: costmark_answer::label_count"]
        [::core::mem::offset_of!(costmark_answer, label_count) - 296usize];
    ["Offset of field: costmark_answer::labels_key"]
        [::core::mem::offset_of!(costmark_answer, labels_key) - 304usize];
    ["Offset of field: costmark_answer::tags"]
        [::core::mem::offset_of!(costmark_answer, tags) - 320usize];
    ["Offset of field: costmark_answer::tag_count"]
        [::core::mem::offset_of!(costmark_answer, tag_count) - 328usize];
    ["Offset of field: costmark_answer::meters"]
        [::core::mem::offset_of!(costmark_answer, meters) - 336usize];
    ["Offset of field: costmark_answer::meter_count"]
        [::core::mem::offset_of!(costmark_answer, meter_count) - 344usize];
    ["Offset of field: costmark_answer::streamed"]
        [::core::mem::offset_of!(costmark_answer, streamed) - 352usize];
    ["Offset of field: costmark_answer::background"]
        [::core::mem::offset_of!(costmark_answer, background) - 356usize];
    ["Offset of field: costmark_answer::serving"]
        [::core::mem::offset_of!(costmark_answer, serving) - 360usize];
    ["Offset of field: costmark_answer::price_book"]
        [::core::mem::offset_of!(costmark_answer, price_book) - 376usize];
    ["Offset of field: costmark_answer::cost_pico_usd"]
        [::core::mem::offset_of!(costmark_answer, cost_pico_usd) - 392usize];
    ["Offset of field: costmark_answer::has_cost_pico_usd"]
        [::core::mem::offset_of!(costmark_answer, has_cost_pico_usd) - 400usize];
    ["Offset of field: costmark_answer::cost_state"]
        [::core::mem::offset_of!(costmark_answer, cost_state) - 404usize];
};
unsafe extern "C" {
    pub fn costmark_operation_new(
        client: *mut costmark_client,
        out_operation: *mut *mut costmark_operation,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_begin(
        operation: *mut costmark_operation,
        request: *const costmark_request,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_begin_beside(
        operation: *mut costmark_operation,
        other: *const costmark_operation,
        request: *const costmark_request,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_ready(
        operation: *mut costmark_operation,
        wait: *const costmark_wait,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_prepare(
        operation: *mut costmark_operation,
        request: *const costmark_request,
        wait: *const costmark_wait,
        out_prepared: *mut costmark_prepared,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_sent(operation: *mut costmark_operation);
}
unsafe extern "C" {
    pub fn costmark_operation_head(
        operation: *mut costmark_operation,
        head: *const costmark_answer_head,
        out_plan: *mut costmark_answer_plan,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_feed(
        operation: *mut costmark_operation,
        data: *const ::core::ffi::c_char,
        len: usize,
        out_piece: *mut costmark_str,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_finish(
        operation: *mut costmark_operation,
        out_piece: *mut costmark_str,
        out_next: *mut costmark_next,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_fail(
        operation: *mut costmark_operation,
        outcome: costmark_outcome,
        out_piece: *mut costmark_str,
        out_next: *mut costmark_next,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_answer(
        operation: *const costmark_operation,
        out_answer: *mut costmark_answer,
    );
}
unsafe extern "C" {
    pub fn costmark_operation_free(operation: *mut costmark_operation);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_response {
    pub struct_size: usize,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub body: costmark_str,
    pub request_id: costmark_str,
    pub hint: costmark_str,
    pub http_status: i32,
    pub attempts: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_response"][::core::mem::size_of::<costmark_response>() - 80usize];
    ["Alignment of costmark_response"][::core::mem::align_of::<costmark_response>() - 8usize];
    ["Offset of field: costmark_response::struct_size"]
        [::core::mem::offset_of!(costmark_response, struct_size) - 0usize];
    ["Offset of field: costmark_response::headers"]
        [::core::mem::offset_of!(costmark_response, headers) - 8usize];
    ["Offset of field: costmark_response::header_count"]
        [::core::mem::offset_of!(costmark_response, header_count) - 16usize];
    ["Offset of field: costmark_response::body"]
        [::core::mem::offset_of!(costmark_response, body) - 24usize];
    ["Offset of field: costmark_response::request_id"]
        [::core::mem::offset_of!(costmark_response, request_id) - 40usize];
    ["Offset of field: costmark_response::hint"]
        [::core::mem::offset_of!(costmark_response, hint) - 56usize];
    ["Offset of field: costmark_response::http_status"]
        [::core::mem::offset_of!(costmark_response, http_status) - 72usize];
    ["Offset of field: costmark_response::attempts"]
        [::core::mem::offset_of!(costmark_response, attempts) - 76usize];
};
pub type costmark_head_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        response: *const costmark_response,
    ) -> costmark_status,
>;
pub type costmark_body_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        data: *const ::core::ffi::c_char,
        len: usize,
    ) -> costmark_status,
>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_send_options {
    pub struct_size: usize,
    pub on_head: costmark_head_callback,
    pub on_body: costmark_body_callback,
    pub user_data: *mut ::core::ffi::c_void,
    pub cancel: *mut costmark_cancel,
    pub timeout_ms: i64,
    pub max_attempts: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_send_options"][::core::mem::size_of::<costmark_send_options>() - 56usize];
    ["Alignment of costmark_send_options"]
        [::core::mem::align_of::<costmark_send_options>() - 8usize];
    ["Offset of field: costmark_send_options::struct_size"]
        [::core::mem::offset_of!(costmark_send_options, struct_size) - 0usize];
    ["Offset of field: costmark_send_options::on_head"]
        [::core::mem::offset_of!(costmark_send_options, on_head) - 8usize];
    ["Offset of field: costmark_send_options::on_body"]
        [::core::mem::offset_of!(costmark_send_options, on_body) - 16usize];
    ["Offset of field: costmark_send_options::user_data"]
        [::core::mem::offset_of!(costmark_send_options, user_data) - 24usize];
    ["Offset of field: costmark_send_options::cancel"]
        [::core::mem::offset_of!(costmark_send_options, cancel) - 32usize];
    ["Offset of field: costmark_send_options::timeout_ms"]
        [::core::mem::offset_of!(costmark_send_options, timeout_ms) - 40usize];
    ["Offset of field: costmark_send_options::max_attempts"]
        [::core::mem::offset_of!(costmark_send_options, max_attempts) - 48usize];
    ["Offset of field: costmark_send_options::reserved"]
        [::core::mem::offset_of!(costmark_send_options, reserved) - 52usize];
};
unsafe extern "C" {
    pub fn costmark_operation_send(
        operation: *mut costmark_operation,
        options: *const costmark_send_options,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_operation_response(
        operation: *const costmark_operation,
        out_response: *mut costmark_response,
    );
}
pub type costmark_option_type = i32;
pub const COSTMARK_OPTION_UNKNOWN: i32 = 0;
pub const COSTMARK_OPTION_TEXT: i32 = 1;
pub const COSTMARK_OPTION_SECRET: i32 = 2;
pub const COSTMARK_OPTION_BOOLEAN: i32 = 3;
pub const COSTMARK_OPTION_INTEGER: i32 = 4;
pub const COSTMARK_OPTION_CHOICE: i32 = 5;
pub const COSTMARK_OPTION_LIST: i32 = 6;
pub const COSTMARK_OPTION_URL: i32 = 7;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_option {
    pub struct_size: usize,
    pub name: costmark_str,
    pub default_value: costmark_str,
    pub choices: costmark_str,
    pub description: costmark_str,
    pub minimum: i64,
    pub maximum: i64,
    pub type_: costmark_option_type,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_option"][::core::mem::size_of::<costmark_option>() - 96usize];
    ["Alignment of costmark_option"][::core::mem::align_of::<costmark_option>() - 8usize];
    ["Offset of field: costmark_option::struct_size"]
        [::core::mem::offset_of!(costmark_option, struct_size) - 0usize];
    ["Offset of field: costmark_option::name"]
        [::core::mem::offset_of!(costmark_option, name) - 8usize];
    ["Offset of field: costmark_option::default_value"]
        [::core::mem::offset_of!(costmark_option, default_value) - 24usize];
    ["Offset of field: costmark_option::choices"]
        [::core::mem::offset_of!(costmark_option, choices) - 40usize];
    ["Offset of field: costmark_option::description"]
        [::core::mem::offset_of!(costmark_option, description) - 56usize];
    ["Offset of field: costmark_option::minimum"]
        [::core::mem::offset_of!(costmark_option, minimum) - 72usize];
    ["Offset of field: costmark_option::maximum"]
        [::core::mem::offset_of!(costmark_option, maximum) - 80usize];
    ["Offset of field: costmark_option::type_"]
        [::core::mem::offset_of!(costmark_option, type_) - 88usize];
    ["Offset of field: costmark_option::reserved"]
        [::core::mem::offset_of!(costmark_option, reserved) - 92usize];
};
unsafe extern "C" {
    pub fn costmark_option_count() -> usize;
}
unsafe extern "C" {
    pub fn costmark_option_read(index: usize, out_option: *mut costmark_option);
}
pub type costmark_free_user_data =
    ::core::option::Option<unsafe extern "C" fn(user_data: *mut ::core::ffi::c_void)>;
pub type costmark_log_level = i32;
pub const COSTMARK_LOG_DEBUG: i32 = 1;
pub const COSTMARK_LOG_INFO: i32 = 2;
pub const COSTMARK_LOG_WARNING: i32 = 3;
pub const COSTMARK_LOG_ERROR: i32 = 4;
pub type costmark_log_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        level: costmark_log_level,
        message: *const ::core::ffi::c_char,
        message_len: usize,
    ),
>;
unsafe extern "C" {
    pub fn costmark_config_set_log_callback(
        config: *mut costmark_config,
        callback: costmark_log_callback,
        user_data: *mut ::core::ffi::c_void,
        free_user_data: costmark_free_user_data,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
pub type costmark_usage_callback = ::core::option::Option<
    unsafe extern "C" fn(user_data: *mut ::core::ffi::c_void, answer: *const costmark_answer),
>;
unsafe extern "C" {
    pub fn costmark_config_set_usage_callback(
        config: *mut costmark_config,
        callback: costmark_usage_callback,
        user_data: *mut ::core::ffi::c_void,
        free_user_data: costmark_free_user_data,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
pub type costmark_clock_callback =
    ::core::option::Option<unsafe extern "C" fn(user_data: *mut ::core::ffi::c_void) -> i64>;
unsafe extern "C" {
    pub fn costmark_config_set_clock_callback(
        config: *mut costmark_config,
        callback: costmark_clock_callback,
        user_data: *mut ::core::ffi::c_void,
        free_user_data: costmark_free_user_data,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_credentials {
    pub struct_size: usize,
    pub access_key_id: costmark_str,
    pub secret_access_key: costmark_str,
    pub session_token: costmark_str,
    pub account_id: costmark_str,
    pub source: costmark_str,
    pub expires_unix_s: i64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_credentials"][::core::mem::size_of::<costmark_credentials>() - 96usize];
    ["Alignment of costmark_credentials"][::core::mem::align_of::<costmark_credentials>() - 8usize];
    ["Offset of field: costmark_credentials::struct_size"]
        [::core::mem::offset_of!(costmark_credentials, struct_size) - 0usize];
    ["Offset of field: costmark_credentials::access_key_id"]
        [::core::mem::offset_of!(costmark_credentials, access_key_id) - 8usize];
    ["Offset of field: costmark_credentials::secret_access_key"]
        [::core::mem::offset_of!(costmark_credentials, secret_access_key) - 24usize];
    ["Offset of field: costmark_credentials::session_token"]
        [::core::mem::offset_of!(costmark_credentials, session_token) - 40usize];
    ["Offset of field: costmark_credentials::account_id"]
        [::core::mem::offset_of!(costmark_credentials, account_id) - 56usize];
    ["Offset of field: costmark_credentials::source"]
        [::core::mem::offset_of!(costmark_credentials, source) - 72usize];
    ["Offset of field: costmark_credentials::expires_unix_s"]
        [::core::mem::offset_of!(costmark_credentials, expires_unix_s) - 88usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_sink {
    _unused: [u8; 0],
}
pub type costmark_credentials_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        sink: *mut costmark_credentials_sink,
    ) -> costmark_status,
>;
unsafe extern "C" {
    pub fn costmark_credentials_put(
        sink: *mut costmark_credentials_sink,
        credentials: *const costmark_credentials,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_config_set_credentials_callback(
        config: *mut costmark_config,
        callback: costmark_credentials_callback,
        user_data: *mut ::core::ffi::c_void,
        free_user_data: costmark_free_user_data,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_bearer_token_sink {
    _unused: [u8; 0],
}
pub type costmark_bearer_token_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        sink: *mut costmark_bearer_token_sink,
    ) -> costmark_status,
>;
unsafe extern "C" {
    pub fn costmark_bearer_token_put(
        sink: *mut costmark_bearer_token_sink,
        token: *const ::core::ffi::c_char,
        token_len: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
pub type costmark_bearer_token_refused_callback = ::core::option::Option<
    unsafe extern "C" fn(
        user_data: *mut ::core::ffi::c_void,
        token: *const ::core::ffi::c_char,
        token_len: usize,
    ),
>;
unsafe extern "C" {
    pub fn costmark_config_set_bearer_token_callback(
        config: *mut costmark_config,
        callback: costmark_bearer_token_callback,
        refused: costmark_bearer_token_refused_callback,
        user_data: *mut ::core::ffi::c_void,
        free_user_data: costmark_free_user_data,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_config_set_host_api_key(
        config: *mut costmark_config,
        key: *const ::core::ffi::c_char,
        key_len: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_cache {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_set {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_credentials_cache_new(
        config: *const costmark_config,
        out_cache: *mut *mut costmark_credentials_cache,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_cache_get(
        cache: *mut costmark_credentials_cache,
        out_set: *mut *mut costmark_credentials_set,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_cache_refused(
        cache: *mut costmark_credentials_cache,
        set: *const costmark_credentials_set,
    ) -> bool;
}
unsafe extern "C" {
    pub fn costmark_credentials_cache_retain(
        cache: *mut costmark_credentials_cache,
    ) -> *mut costmark_credentials_cache;
}
unsafe extern "C" {
    pub fn costmark_credentials_cache_release(cache: *mut costmark_credentials_cache);
}
unsafe extern "C" {
    pub fn costmark_credentials_set_read(
        set: *const costmark_credentials_set,
        out_credentials: *mut costmark_credentials,
    );
}
unsafe extern "C" {
    pub fn costmark_credentials_set_free(set: *mut costmark_credentials_set);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_report {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_credentials_report_view {
    pub struct_size: usize,
    pub region: costmark_str,
    pub region_origin: costmark_str,
    pub source_count: usize,
    pub found: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_credentials_report_view"]
        [::core::mem::size_of::<costmark_credentials_report_view>() - 56usize];
    ["Alignment of costmark_credentials_report_view"]
        [::core::mem::align_of::<costmark_credentials_report_view>() - 8usize];
    ["Offset of field: costmark_credentials_report_view::struct_size"]
        [::core::mem::offset_of!(costmark_credentials_report_view, struct_size) - 0usize];
    ["Offset of field: costmark_credentials_report_view::region"]
        [::core::mem::offset_of!(costmark_credentials_report_view, region) - 8usize];
    ["Offset of field: costmark_credentials_report_view::region_origin"]
        [::core::mem::offset_of!(costmark_credentials_report_view, region_origin) - 24usize];
    ["Offset of field: costmark_credentials_report_view::source_count"]
        [::core::mem::offset_of!(costmark_credentials_report_view, source_count) - 40usize];
    ["Offset of field: costmark_credentials_report_view::found"]
        [::core::mem::offset_of!(costmark_credentials_report_view, found) - 48usize];
    ["Offset of field: costmark_credentials_report_view::reserved"]
        [::core::mem::offset_of!(costmark_credentials_report_view, reserved) - 52usize];
};
unsafe extern "C" {
    pub fn costmark_config_explain_credentials(
        config: *const costmark_config,
        out_report: *mut *mut costmark_credentials_report,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_read(
        report: *const costmark_credentials_report,
        out_view: *mut costmark_credentials_report_view,
    );
}
unsafe extern "C" {
    pub fn costmark_credentials_report_source(
        report: *const costmark_credentials_report,
        index: usize,
        out_name: *mut costmark_str,
        out_failure: *mut costmark_str,
    );
}
unsafe extern "C" {
    pub fn costmark_credentials_report_free(report: *mut costmark_credentials_report);
}
pub type costmark_verdict = i32;
pub const COSTMARK_VERDICT_UNKNOWN: i32 = 0;
pub const COSTMARK_VERDICT_HONORED: i32 = 1;
pub const COSTMARK_VERDICT_NOT_HONORED: i32 = 2;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_verify_request {
    pub struct_size: usize,
    pub project: costmark_str,
    pub model: costmark_str,
    pub url: costmark_str,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub timeout_ms: i64,
    pub api: costmark_api,
    pub force: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_verify_request"]
        [::core::mem::size_of::<costmark_verify_request>() - 88usize];
    ["Alignment of costmark_verify_request"]
        [::core::mem::align_of::<costmark_verify_request>() - 8usize];
    ["Offset of field: costmark_verify_request::struct_size"]
        [::core::mem::offset_of!(costmark_verify_request, struct_size) - 0usize];
    ["Offset of field: costmark_verify_request::project"]
        [::core::mem::offset_of!(costmark_verify_request, project) - 8usize];
    ["Offset of field: costmark_verify_request::model"]
        [::core::mem::offset_of!(costmark_verify_request, model) - 24usize];
    ["Offset of field: costmark_verify_request::url"]
        [::core::mem::offset_of!(costmark_verify_request, url) - 40usize];
    ["Offset of field: costmark_verify_request::headers"]
        [::core::mem::offset_of!(costmark_verify_request, headers) - 56usize];
    ["Offset of field: costmark_verify_request::header_count"]
        [::core::mem::offset_of!(costmark_verify_request, header_count) - 64usize];
    ["Offset of field: costmark_verify_request::timeout_ms"]
        [::core::mem::offset_of!(costmark_verify_request, timeout_ms) - 72usize];
    ["Offset of field: costmark_verify_request::api"]
        [::core::mem::offset_of!(costmark_verify_request, api) - 80usize];
    ["Offset of field: costmark_verify_request::force"]
        [::core::mem::offset_of!(costmark_verify_request, force) - 84usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_verification {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_verification_view {
    pub struct_size: usize,
    pub reason: costmark_str,
    pub endpoint: costmark_str,
    pub carrier: costmark_str,
    pub project: costmark_str,
    pub model: costmark_str,
    pub checked_unix_s: i64,
    pub probe_count: usize,
    pub verdict: costmark_verdict,
    pub retryable: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_verification_view"]
        [::core::mem::size_of::<costmark_verification_view>() - 112usize];
    ["Alignment of costmark_verification_view"]
        [::core::mem::align_of::<costmark_verification_view>() - 8usize];
    ["Offset of field: costmark_verification_view::struct_size"]
        [::core::mem::offset_of!(costmark_verification_view, struct_size) - 0usize];
    ["Offset of field: costmark_verification_view::reason"]
        [::core::mem::offset_of!(costmark_verification_view, reason) - 8usize];
    ["Offset of field: costmark_verification_view::endpoint"]
        [::core::mem::offset_of!(costmark_verification_view, endpoint) - 24usize];
    ["Offset of field: costmark_verification_view::carrier"]
        [::core::mem::offset_of!(costmark_verification_view, carrier) - 40usize];
    ["Offset of field: costmark_verification_view::project"]
        [::core::mem::offset_of!(costmark_verification_view, project) - 56usize];
    ["Offset of field: costmark_verification_view::model"]
        [::core::mem::offset_of!(costmark_verification_view, model) - 72usize];
    ["Offset of field: costmark_verification_view::checked_unix_s"]
        [::core::mem::offset_of!(costmark_verification_view, checked_unix_s) - 88usize];
    ["Offset of field: costmark_verification_view::probe_count"]
        [::core::mem::offset_of!(costmark_verification_view, probe_count) - 96usize];
    ["Offset of field: costmark_verification_view::verdict"]
        [::core::mem::offset_of!(costmark_verification_view, verdict) - 104usize];
    ["Offset of field: costmark_verification_view::retryable"]
        [::core::mem::offset_of!(costmark_verification_view, retryable) - 108usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_probe {
    pub struct_size: usize,
    pub project: costmark_str,
    pub request: costmark_str,
    pub code: costmark_str,
    pub request_id: costmark_str,
    pub finding: costmark_str,
    pub http_status: i32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_probe"][::core::mem::size_of::<costmark_probe>() - 96usize];
    ["Alignment of costmark_probe"][::core::mem::align_of::<costmark_probe>() - 8usize];
    ["Offset of field: costmark_probe::struct_size"]
        [::core::mem::offset_of!(costmark_probe, struct_size) - 0usize];
    ["Offset of field: costmark_probe::project"]
        [::core::mem::offset_of!(costmark_probe, project) - 8usize];
    ["Offset of field: costmark_probe::request"]
        [::core::mem::offset_of!(costmark_probe, request) - 24usize];
    ["Offset of field: costmark_probe::code"]
        [::core::mem::offset_of!(costmark_probe, code) - 40usize];
    ["Offset of field: costmark_probe::request_id"]
        [::core::mem::offset_of!(costmark_probe, request_id) - 56usize];
    ["Offset of field: costmark_probe::finding"]
        [::core::mem::offset_of!(costmark_probe, finding) - 72usize];
    ["Offset of field: costmark_probe::http_status"]
        [::core::mem::offset_of!(costmark_probe, http_status) - 88usize];
    ["Offset of field: costmark_probe::reserved"]
        [::core::mem::offset_of!(costmark_probe, reserved) - 92usize];
};
unsafe extern "C" {
    pub fn costmark_client_verify(
        client: *const costmark_client,
        request: *const costmark_verify_request,
        out_verification: *mut *mut costmark_verification,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_verification_read(
        verification: *const costmark_verification,
        out_view: *mut costmark_verification_view,
    );
}
unsafe extern "C" {
    pub fn costmark_verification_probe(
        verification: *const costmark_verification,
        index: usize,
        out_probe: *mut costmark_probe,
    );
}
unsafe extern "C" {
    pub fn costmark_verification_free(verification: *mut costmark_verification);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_usage_report {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_usage_totals {
    pub struct_size: usize,
    pub project: costmark_str,
    pub model: costmark_str,
    pub operations: u64,
    pub attempts: u64,
    pub failed_attempts: u64,
    pub incomplete_attempts: u64,
    pub open_attempts: u64,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub cache_write_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
    pub flagged: u64,
    pub overflow: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_usage_totals"][::core::mem::size_of::<costmark_usage_totals>() - 136usize];
    ["Alignment of costmark_usage_totals"]
        [::core::mem::align_of::<costmark_usage_totals>() - 8usize];
    ["Offset of field: costmark_usage_totals::struct_size"]
        [::core::mem::offset_of!(costmark_usage_totals, struct_size) - 0usize];
    ["Offset of field: costmark_usage_totals::project"]
        [::core::mem::offset_of!(costmark_usage_totals, project) - 8usize];
    ["Offset of field: costmark_usage_totals::model"]
        [::core::mem::offset_of!(costmark_usage_totals, model) - 24usize];
    ["Offset of field: costmark_usage_totals::operations"]
        [::core::mem::offset_of!(costmark_usage_totals, operations) - 40usize];
    ["Offset of field: costmark_usage_totals::attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, attempts) - 48usize];
    ["Offset of field: costmark_usage_totals::failed_attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, failed_attempts) - 56usize];
    ["Offset of field: costmark_usage_totals::incomplete_attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, incomplete_attempts) - 64usize];
    ["Offset of field: costmark_usage_totals::open_attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, open_attempts) - 72usize];
    ["Offset of field: costmark_usage_totals::input_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, input_tokens) - 80usize];
    ["Offset of field: costmark_usage_totals::cached_input_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, cached_input_tokens) - 88usize];
    ["Offset of field: costmark_usage_totals::cache_write_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, cache_write_tokens) - 96usize];
    ["Offset of field: costmark_usage_totals::output_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, output_tokens) - 104usize];
    ["Offset of field: costmark_usage_totals::reasoning_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, reasoning_tokens) - 112usize];
    ["Offset of field: costmark_usage_totals::flagged"]
        [::core::mem::offset_of!(costmark_usage_totals, flagged) - 120usize];
    ["Offset of field: costmark_usage_totals::overflow"]
        [::core::mem::offset_of!(costmark_usage_totals, overflow) - 128usize];
    ["Offset of field: costmark_usage_totals::reserved"]
        [::core::mem::offset_of!(costmark_usage_totals, reserved) - 132usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_request_counts {
    pub struct_size: usize,
    pub unattributed: u64,
    pub unrecognized: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_request_counts"]
        [::core::mem::size_of::<costmark_request_counts>() - 24usize];
    ["Alignment of costmark_request_counts"]
        [::core::mem::align_of::<costmark_request_counts>() - 8usize];
    ["Offset of field: costmark_request_counts::struct_size"]
        [::core::mem::offset_of!(costmark_request_counts, struct_size) - 0usize];
    ["Offset of field: costmark_request_counts::unattributed"]
        [::core::mem::offset_of!(costmark_request_counts, unattributed) - 8usize];
    ["Offset of field: costmark_request_counts::unrecognized"]
        [::core::mem::offset_of!(costmark_request_counts, unrecognized) - 16usize];
};
unsafe extern "C" {
    pub fn costmark_client_usage(
        client: *const costmark_client,
        out_report: *mut *mut costmark_usage_report,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_client_usage_reset(client: *const costmark_client);
}
unsafe extern "C" {
    pub fn costmark_usage_report_count(report: *const costmark_usage_report) -> usize;
}
unsafe extern "C" {
    pub fn costmark_usage_report_read(
        report: *const costmark_usage_report,
        index: usize,
        out_totals: *mut costmark_usage_totals,
    );
}
unsafe extern "C" {
    pub fn costmark_usage_report_requests(
        report: *const costmark_usage_report,
        out_counts: *mut costmark_request_counts,
    );
}
unsafe extern "C" {
    pub fn costmark_usage_report_free(report: *mut costmark_usage_report);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_ledger_counts {
    pub struct_size: usize,
    pub rows_written: u64,
    pub rows_waiting: u64,
    pub rows_lost: u64,
    pub rows_torn: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_ledger_counts"][::core::mem::size_of::<costmark_ledger_counts>() - 40usize];
    ["Alignment of costmark_ledger_counts"]
        [::core::mem::align_of::<costmark_ledger_counts>() - 8usize];
    ["Offset of field: costmark_ledger_counts::struct_size"]
        [::core::mem::offset_of!(costmark_ledger_counts, struct_size) - 0usize];
    ["Offset of field: costmark_ledger_counts::rows_written"]
        [::core::mem::offset_of!(costmark_ledger_counts, rows_written) - 8usize];
    ["Offset of field: costmark_ledger_counts::rows_waiting"]
        [::core::mem::offset_of!(costmark_ledger_counts, rows_waiting) - 16usize];
    ["Offset of field: costmark_ledger_counts::rows_lost"]
        [::core::mem::offset_of!(costmark_ledger_counts, rows_lost) - 24usize];
    ["Offset of field: costmark_ledger_counts::rows_torn"]
        [::core::mem::offset_of!(costmark_ledger_counts, rows_torn) - 32usize];
};
unsafe extern "C" {
    pub fn costmark_client_ledger_counts(
        client: *const costmark_client,
        out_counts: *mut costmark_ledger_counts,
    );
}
unsafe extern "C" {
    pub fn costmark_client_ledger_flush(client: *const costmark_client) -> bool;
}
unsafe extern "C" {
    pub fn costmark_labels_check(
        labels: *const costmark_label,
        count: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
pub type costmark_budget_subject = i32;
pub const COSTMARK_BUDGET_OF_ALL: i32 = 1;
pub const COSTMARK_BUDGET_OF_PROJECT: i32 = 2;
pub const COSTMARK_BUDGET_OF_TAG: i32 = 3;
pub const COSTMARK_BUDGET_OF_LABEL: i32 = 4;
pub type costmark_budget_unit = i32;
pub const COSTMARK_BUDGET_PICO_USD: i32 = 1;
pub const COSTMARK_BUDGET_TOKENS: i32 = 2;
pub const COSTMARK_BUDGET_CALLS: i32 = 3;
pub type costmark_budget_period = i32;
pub const COSTMARK_BUDGET_DAY: i32 = 1;
pub const COSTMARK_BUDGET_MONTH: i32 = 2;
pub type costmark_budget_action = i32;
pub const COSTMARK_BUDGET_WARN: i32 = 1;
pub const COSTMARK_BUDGET_REFUSE: i32 = 2;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_budget {
    pub struct_size: usize,
    pub name: costmark_str,
    pub key: costmark_str,
    pub value: costmark_str,
    pub limit: i64,
    pub spent: i64,
    pub reserved: i64,
    pub left: i64,
    pub reset_us: i64,
    pub subject: costmark_budget_subject,
    pub unit: costmark_budget_unit,
    pub period: costmark_budget_period,
    pub action: costmark_budget_action,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_budget"][::core::mem::size_of::<costmark_budget>() - 112usize];
    ["Alignment of costmark_budget"][::core::mem::align_of::<costmark_budget>() - 8usize];
    ["Offset of field: costmark_budget::struct_size"]
        [::core::mem::offset_of!(costmark_budget, struct_size) - 0usize];
    ["Offset of field: costmark_budget::name"]
        [::core::mem::offset_of!(costmark_budget, name) - 8usize];
    ["Offset of field: costmark_budget::key"]
        [::core::mem::offset_of!(costmark_budget, key) - 24usize];
    ["Offset of field: costmark_budget::value"]
        [::core::mem::offset_of!(costmark_budget, value) - 40usize];
    ["Offset of field: costmark_budget::limit"]
        [::core::mem::offset_of!(costmark_budget, limit) - 56usize];
    ["Offset of field: costmark_budget::spent"]
        [::core::mem::offset_of!(costmark_budget, spent) - 64usize];
    ["Offset of field: costmark_budget::reserved"]
        [::core::mem::offset_of!(costmark_budget, reserved) - 72usize];
    ["Offset of field: costmark_budget::left"]
        [::core::mem::offset_of!(costmark_budget, left) - 80usize];
    ["Offset of field: costmark_budget::reset_us"]
        [::core::mem::offset_of!(costmark_budget, reset_us) - 88usize];
    ["Offset of field: costmark_budget::subject"]
        [::core::mem::offset_of!(costmark_budget, subject) - 96usize];
    ["Offset of field: costmark_budget::unit"]
        [::core::mem::offset_of!(costmark_budget, unit) - 100usize];
    ["Offset of field: costmark_budget::period"]
        [::core::mem::offset_of!(costmark_budget, period) - 104usize];
    ["Offset of field: costmark_budget::action"]
        [::core::mem::offset_of!(costmark_budget, action) - 108usize];
};
unsafe extern "C" {
    pub fn costmark_client_budget_count(client: *const costmark_client) -> usize;
}
unsafe extern "C" {
    pub fn costmark_client_budget_read(
        client: *const costmark_client,
        index: usize,
        out_budget: *mut costmark_budget,
    );
}
pub type costmark_project_plane = i32;
pub const COSTMARK_PROJECT_PLANE_AUTO: i32 = 0;
pub const COSTMARK_PROJECT_PLANE_MANTLE: i32 = 1;
pub const COSTMARK_PROJECT_PLANE_BEDROCK: i32 = 2;
#[repr(C)]
#[derive(Debug)]
pub struct costmark_projects {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_projects_place {
    pub struct_size: usize,
    pub base_url: costmark_str,
    pub region: costmark_str,
    pub plane: costmark_project_plane,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_projects_place"]
        [::core::mem::size_of::<costmark_projects_place>() - 48usize];
    ["Alignment of costmark_projects_place"]
        [::core::mem::align_of::<costmark_projects_place>() - 8usize];
    ["Offset of field: costmark_projects_place::struct_size"]
        [::core::mem::offset_of!(costmark_projects_place, struct_size) - 0usize];
    ["Offset of field: costmark_projects_place::base_url"]
        [::core::mem::offset_of!(costmark_projects_place, base_url) - 8usize];
    ["Offset of field: costmark_projects_place::region"]
        [::core::mem::offset_of!(costmark_projects_place, region) - 24usize];
    ["Offset of field: costmark_projects_place::plane"]
        [::core::mem::offset_of!(costmark_projects_place, plane) - 40usize];
    ["Offset of field: costmark_projects_place::reserved"]
        [::core::mem::offset_of!(costmark_projects_place, reserved) - 44usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_project {
    pub struct_size: usize,
    pub id: costmark_str,
    pub arn: costmark_str,
    pub name: costmark_str,
    pub status: costmark_str,
    pub data_retention: costmark_str,
    pub account: costmark_str,
    pub region: costmark_str,
    pub tags: *const costmark_label,
    pub tag_count: usize,
    pub created_unix_s: i64,
    pub archived_unix_s: i64,
    pub plane: costmark_project_plane,
    pub knows_tags: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_project"][::core::mem::size_of::<costmark_project>() - 160usize];
    ["Alignment of costmark_project"][::core::mem::align_of::<costmark_project>() - 8usize];
    ["Offset of field: costmark_project::struct_size"]
        [::core::mem::offset_of!(costmark_project, struct_size) - 0usize];
    ["Offset of field: costmark_project::id"]
        [::core::mem::offset_of!(costmark_project, id) - 8usize];
    ["Offset of field: costmark_project::arn"]
        [::core::mem::offset_of!(costmark_project, arn) - 24usize];
    ["Offset of field: costmark_project::name"]
        [::core::mem::offset_of!(costmark_project, name) - 40usize];
    ["Offset of field: costmark_project::status"]
        [::core::mem::offset_of!(costmark_project, status) - 56usize];
    ["Offset of field: costmark_project::data_retention"]
        [::core::mem::offset_of!(costmark_project, data_retention) - 72usize];
    ["Offset of field: costmark_project::account"]
        [::core::mem::offset_of!(costmark_project, account) - 88usize];
    ["Offset of field: costmark_project::region"]
        [::core::mem::offset_of!(costmark_project, region) - 104usize];
    ["Offset of field: costmark_project::tags"]
        [::core::mem::offset_of!(costmark_project, tags) - 120usize];
    ["Offset of field: costmark_project::tag_count"]
        [::core::mem::offset_of!(costmark_project, tag_count) - 128usize];
    ["Offset of field: costmark_project::created_unix_s"]
        [::core::mem::offset_of!(costmark_project, created_unix_s) - 136usize];
    ["Offset of field: costmark_project::archived_unix_s"]
        [::core::mem::offset_of!(costmark_project, archived_unix_s) - 144usize];
    ["Offset of field: costmark_project::plane"]
        [::core::mem::offset_of!(costmark_project, plane) - 152usize];
    ["Offset of field: costmark_project::knows_tags"]
        [::core::mem::offset_of!(costmark_project, knows_tags) - 156usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_project_change {
    pub struct_size: usize,
    pub name: costmark_str,
    pub data_retention: costmark_str,
    pub tags: *const costmark_label,
    pub tag_count: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_project_change"]
        [::core::mem::size_of::<costmark_project_change>() - 56usize];
    ["Alignment of costmark_project_change"]
        [::core::mem::align_of::<costmark_project_change>() - 8usize];
    ["Offset of field: costmark_project_change::struct_size"]
        [::core::mem::offset_of!(costmark_project_change, struct_size) - 0usize];
    ["Offset of field: costmark_project_change::name"]
        [::core::mem::offset_of!(costmark_project_change, name) - 8usize];
    ["Offset of field: costmark_project_change::data_retention"]
        [::core::mem::offset_of!(costmark_project_change, data_retention) - 24usize];
    ["Offset of field: costmark_project_change::tags"]
        [::core::mem::offset_of!(costmark_project_change, tags) - 40usize];
    ["Offset of field: costmark_project_change::tag_count"]
        [::core::mem::offset_of!(costmark_project_change, tag_count) - 48usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_project_list {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_projects_new(
        config: *const costmark_config,
        plane: costmark_project_plane,
        out_projects: *mut *mut costmark_projects,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_free(projects: *mut costmark_projects);
}
unsafe extern "C" {
    pub fn costmark_projects_read_place(
        projects: *const costmark_projects,
        out_place: *mut costmark_projects_place,
    );
}
unsafe extern "C" {
    pub fn costmark_projects_create(
        projects: *const costmark_projects,
        project: *const costmark_project_change,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_get(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_list(
        projects: *const costmark_projects,
        with_archived: u32,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_update(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        change: *const costmark_project_change,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_archive(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_read_tags(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        wait: *const costmark_wait,
        out_list: *mut *mut costmark_project_list,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_add_tags(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        tags: *const costmark_label,
        tag_count: usize,
        wait: *const costmark_wait,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_set_tags(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        tags: *const costmark_label,
        tag_count: usize,
        wait: *const costmark_wait,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_projects_remove_tags(
        projects: *const costmark_projects,
        project: *const ::core::ffi::c_char,
        project_len: usize,
        keys: *const costmark_str,
        key_count: usize,
        wait: *const costmark_wait,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_project_list_count(list: *const costmark_project_list) -> usize;
}
unsafe extern "C" {
    pub fn costmark_project_list_read(
        list: *const costmark_project_list,
        index: usize,
        out_project: *mut costmark_project,
    );
}
unsafe extern "C" {
    pub fn costmark_project_list_free(list: *mut costmark_project_list);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_bearer_token {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_bearer_token_cache {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_bearer_token_view {
    pub struct_size: usize,
    pub text: costmark_str,
    pub expires_unix_s: i64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_bearer_token_view"]
        [::core::mem::size_of::<costmark_bearer_token_view>() - 32usize];
    ["Alignment of costmark_bearer_token_view"]
        [::core::mem::align_of::<costmark_bearer_token_view>() - 8usize];
    ["Offset of field: costmark_bearer_token_view::struct_size"]
        [::core::mem::offset_of!(costmark_bearer_token_view, struct_size) - 0usize];
    ["Offset of field: costmark_bearer_token_view::text"]
        [::core::mem::offset_of!(costmark_bearer_token_view, text) - 8usize];
    ["Offset of field: costmark_bearer_token_view::expires_unix_s"]
        [::core::mem::offset_of!(costmark_bearer_token_view, expires_unix_s) - 24usize];
};
unsafe extern "C" {
    pub fn costmark_bearer_token_new(
        credentials: *const costmark_credentials,
        region: *const ::core::ffi::c_char,
        region_len: usize,
        expires_in_s: i64,
        time_unix_s: i64,
        out_token: *mut *mut costmark_bearer_token,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_read(
        token: *const costmark_bearer_token,
        out_view: *mut costmark_bearer_token_view,
    );
}
unsafe extern "C" {
    pub fn costmark_bearer_token_free(token: *mut costmark_bearer_token);
}
unsafe extern "C" {
    pub fn costmark_bearer_token_cache_new(
        config: *const costmark_config,
        expires_in_s: i64,
        out_cache: *mut *mut costmark_bearer_token_cache,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_cache_get(
        cache: *mut costmark_bearer_token_cache,
        out_token: *mut *mut costmark_bearer_token,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_cache_refused(
        cache: *mut costmark_bearer_token_cache,
        token: *const ::core::ffi::c_char,
        token_len: usize,
    ) -> bool;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_cache_retain(
        cache: *mut costmark_bearer_token_cache,
    ) -> *mut costmark_bearer_token_cache;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_cache_release(cache: *mut costmark_bearer_token_cache);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_sign_request {
    pub struct_size: usize,
    pub method: costmark_str,
    pub url: costmark_str,
    pub region: costmark_str,
    pub service: costmark_str,
    pub credentials: *const costmark_credentials,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub body: costmark_str,
    pub time_unix_s: i64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_sign_request"][::core::mem::size_of::<costmark_sign_request>() - 120usize];
    ["Alignment of costmark_sign_request"]
        [::core::mem::align_of::<costmark_sign_request>() - 8usize];
    ["Offset of field: costmark_sign_request::struct_size"]
        [::core::mem::offset_of!(costmark_sign_request, struct_size) - 0usize];
    ["Offset of field: costmark_sign_request::method"]
        [::core::mem::offset_of!(costmark_sign_request, method) - 8usize];
    ["Offset of field: costmark_sign_request::url"]
        [::core::mem::offset_of!(costmark_sign_request, url) - 24usize];
    ["Offset of field: costmark_sign_request::region"]
        [::core::mem::offset_of!(costmark_sign_request, region) - 40usize];
    ["Offset of field: costmark_sign_request::service"]
        [::core::mem::offset_of!(costmark_sign_request, service) - 56usize];
    ["Offset of field: costmark_sign_request::credentials"]
        [::core::mem::offset_of!(costmark_sign_request, credentials) - 72usize];
    ["Offset of field: costmark_sign_request::headers"]
        [::core::mem::offset_of!(costmark_sign_request, headers) - 80usize];
    ["Offset of field: costmark_sign_request::header_count"]
        [::core::mem::offset_of!(costmark_sign_request, header_count) - 88usize];
    ["Offset of field: costmark_sign_request::body"]
        [::core::mem::offset_of!(costmark_sign_request, body) - 96usize];
    ["Offset of field: costmark_sign_request::time_unix_s"]
        [::core::mem::offset_of!(costmark_sign_request, time_unix_s) - 112usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_signature {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_signature_view {
    pub struct_size: usize,
    pub url: costmark_str,
    pub headers: *const costmark_header,
    pub header_count: usize,
    pub canonical_request: costmark_str,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_signature_view"]
        [::core::mem::size_of::<costmark_signature_view>() - 56usize];
    ["Alignment of costmark_signature_view"]
        [::core::mem::align_of::<costmark_signature_view>() - 8usize];
    ["Offset of field: costmark_signature_view::struct_size"]
        [::core::mem::offset_of!(costmark_signature_view, struct_size) - 0usize];
    ["Offset of field: costmark_signature_view::url"]
        [::core::mem::offset_of!(costmark_signature_view, url) - 8usize];
    ["Offset of field: costmark_signature_view::headers"]
        [::core::mem::offset_of!(costmark_signature_view, headers) - 24usize];
    ["Offset of field: costmark_signature_view::header_count"]
        [::core::mem::offset_of!(costmark_signature_view, header_count) - 32usize];
    ["Offset of field: costmark_signature_view::canonical_request"]
        [::core::mem::offset_of!(costmark_signature_view, canonical_request) - 40usize];
};
unsafe extern "C" {
    pub fn costmark_signature_new(
        out_signature: *mut *mut costmark_signature,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_signature_sign(
        signature: *mut costmark_signature,
        request: *const costmark_sign_request,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_signature_presign(
        signature: *mut costmark_signature,
        request: *const costmark_sign_request,
        expires_in_s: i64,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_signature_read(
        signature: *const costmark_signature,
        out_view: *mut costmark_signature_view,
    );
}
unsafe extern "C" {
    pub fn costmark_signature_free(signature: *mut costmark_signature);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_json_edit {
    pub struct_size: usize,
    pub json: costmark_str,
    pub path: costmark_str,
    pub value: costmark_str,
    pub strict: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_json_edit"][::core::mem::size_of::<costmark_json_edit>() - 64usize];
    ["Alignment of costmark_json_edit"][::core::mem::align_of::<costmark_json_edit>() - 8usize];
    ["Offset of field: costmark_json_edit::struct_size"]
        [::core::mem::offset_of!(costmark_json_edit, struct_size) - 0usize];
    ["Offset of field: costmark_json_edit::json"]
        [::core::mem::offset_of!(costmark_json_edit, json) - 8usize];
    ["Offset of field: costmark_json_edit::path"]
        [::core::mem::offset_of!(costmark_json_edit, path) - 24usize];
    ["Offset of field: costmark_json_edit::value"]
        [::core::mem::offset_of!(costmark_json_edit, value) - 40usize];
    ["Offset of field: costmark_json_edit::strict"]
        [::core::mem::offset_of!(costmark_json_edit, strict) - 56usize];
    ["Offset of field: costmark_json_edit::reserved"]
        [::core::mem::offset_of!(costmark_json_edit, reserved) - 60usize];
};
unsafe extern "C" {
    pub fn costmark_json_set_bound(json_len: usize, path_len: usize, value_len: usize) -> usize;
}
unsafe extern "C" {
    pub fn costmark_json_set(
        edit: *const costmark_json_edit,
        buffer: *mut ::core::ffi::c_char,
        capacity: usize,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_json_remove(
        edit: *const costmark_json_edit,
        buffer: *mut ::core::ffi::c_char,
        capacity: usize,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_route {
    pub struct_size: usize,
    pub path: costmark_str,
    pub file: costmark_str,
    pub as_of: costmark_str,
    pub source: costmark_str,
    pub line: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_route"][::core::mem::size_of::<costmark_route>() - 80usize];
    ["Alignment of costmark_route"][::core::mem::align_of::<costmark_route>() - 8usize];
    ["Offset of field: costmark_route::struct_size"]
        [::core::mem::offset_of!(costmark_route, struct_size) - 0usize];
    ["Offset of field: costmark_route::path"]
        [::core::mem::offset_of!(costmark_route, path) - 8usize];
    ["Offset of field: costmark_route::file"]
        [::core::mem::offset_of!(costmark_route, file) - 24usize];
    ["Offset of field: costmark_route::as_of"]
        [::core::mem::offset_of!(costmark_route, as_of) - 40usize];
    ["Offset of field: costmark_route::source"]
        [::core::mem::offset_of!(costmark_route, source) - 56usize];
    ["Offset of field: costmark_route::line"]
        [::core::mem::offset_of!(costmark_route, line) - 72usize];
    ["Offset of field: costmark_route::reserved"]
        [::core::mem::offset_of!(costmark_route, reserved) - 76usize];
};
unsafe extern "C" {
    pub fn costmark_client_route(
        client: *const costmark_client,
        model: *const ::core::ffi::c_char,
        model_len: usize,
        out_route: *mut costmark_route,
    );
}
unsafe extern "C" {
    pub fn costmark_project_check(
        id: *const ::core::ffi::c_char,
        id_len: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_status_name(status: costmark_status) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_outcome_name(outcome: costmark_outcome) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_step_name(step: costmark_step) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_reason_name(reason: costmark_reason) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_api_name(api: costmark_api) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_project_source_name(
        source: costmark_project_source,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verdict_name(verdict: costmark_verdict) -> *const ::core::ffi::c_char;
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_price_book {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_price_book_view {
    pub struct_size: usize,
    pub hash: costmark_str,
    pub date: costmark_str,
    pub file: costmark_str,
    pub price_count: usize,
    pub thresholds: *const u64,
    pub threshold_count: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_price_book_view"]
        [::core::mem::size_of::<costmark_price_book_view>() - 80usize];
    ["Alignment of costmark_price_book_view"]
        [::core::mem::align_of::<costmark_price_book_view>() - 8usize];
    ["Offset of field: costmark_price_book_view::struct_size"]
        [::core::mem::offset_of!(costmark_price_book_view, struct_size) - 0usize];
    ["Offset of field: costmark_price_book_view::hash"]
        [::core::mem::offset_of!(costmark_price_book_view, hash) - 8usize];
    ["Offset of field: costmark_price_book_view::date"]
        [::core::mem::offset_of!(costmark_price_book_view, date) - 24usize];
    ["Offset of field: costmark_price_book_view::file"]
        [::core::mem::offset_of!(costmark_price_book_view, file) - 40usize];
    ["Offset of field: costmark_price_book_view::price_count"]
        [::core::mem::offset_of!(costmark_price_book_view, price_count) - 56usize];
    ["Offset of field: costmark_price_book_view::thresholds"]
        [::core::mem::offset_of!(costmark_price_book_view, thresholds) - 64usize];
    ["Offset of field: costmark_price_book_view::threshold_count"]
        [::core::mem::offset_of!(costmark_price_book_view, threshold_count) - 72usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_price {
    pub struct_size: usize,
    pub model: costmark_str,
    pub region: costmark_str,
    pub serving: costmark_str,
    pub tier: costmark_str,
    pub kind: costmark_str,
    pub time_to_live: costmark_str,
    pub unit: costmark_str,
    pub from: costmark_str,
    pub to: costmark_str,
    pub as_of: costmark_str,
    pub source: costmark_str,
    pub over: u64,
    pub pico_usd: i64,
    pub has_pico_usd: u32,
    pub line: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_price"][::core::mem::size_of::<costmark_price>() - 208usize];
    ["Alignment of costmark_price"][::core::mem::align_of::<costmark_price>() - 8usize];
    ["Offset of field: costmark_price::struct_size"]
        [::core::mem::offset_of!(costmark_price, struct_size) - 0usize];
    ["Offset of field: costmark_price::model"]
        [::core::mem::offset_of!(costmark_price, model) - 8usize];
    ["Offset of field: costmark_price::region"]
        [::core::mem::offset_of!(costmark_price, region) - 24usize];
    ["Offset of field: costmark_price::serving"]
        [::core::mem::offset_of!(costmark_price, serving) - 40usize];
    ["Offset of field: costmark_price::tier"]
        [::core::mem::offset_of!(costmark_price, tier) - 56usize];
    ["Offset of field: costmark_price::kind"]
        [::core::mem::offset_of!(costmark_price, kind) - 72usize];
    ["Offset of field: costmark_price::time_to_live"]
        [::core::mem::offset_of!(costmark_price, time_to_live) - 88usize];
    ["Offset of field: costmark_price::unit"]
        [::core::mem::offset_of!(costmark_price, unit) - 104usize];
    ["Offset of field: costmark_price::from"]
        [::core::mem::offset_of!(costmark_price, from) - 120usize];
    ["Offset of field: costmark_price::to"][::core::mem::offset_of!(costmark_price, to) - 136usize];
    ["Offset of field: costmark_price::as_of"]
        [::core::mem::offset_of!(costmark_price, as_of) - 152usize];
    ["Offset of field: costmark_price::source"]
        [::core::mem::offset_of!(costmark_price, source) - 168usize];
    ["Offset of field: costmark_price::over"]
        [::core::mem::offset_of!(costmark_price, over) - 184usize];
    ["Offset of field: costmark_price::pico_usd"]
        [::core::mem::offset_of!(costmark_price, pico_usd) - 192usize];
    ["Offset of field: costmark_price::has_pico_usd"]
        [::core::mem::offset_of!(costmark_price, has_pico_usd) - 200usize];
    ["Offset of field: costmark_price::line"]
        [::core::mem::offset_of!(costmark_price, line) - 204usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_priced_call {
    pub struct_size: usize,
    pub model: costmark_str,
    pub region: costmark_str,
    pub serving: costmark_str,
    pub tier: costmark_str,
    pub usage: *const costmark_usage,
    pub meters: *const costmark_count,
    pub meter_count: usize,
    pub end_us: i64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_priced_call"][::core::mem::size_of::<costmark_priced_call>() - 104usize];
    ["Alignment of costmark_priced_call"][::core::mem::align_of::<costmark_priced_call>() - 8usize];
    ["Offset of field: costmark_priced_call::struct_size"]
        [::core::mem::offset_of!(costmark_priced_call, struct_size) - 0usize];
    ["Offset of field: costmark_priced_call::model"]
        [::core::mem::offset_of!(costmark_priced_call, model) - 8usize];
    ["Offset of field: costmark_priced_call::region"]
        [::core::mem::offset_of!(costmark_priced_call, region) - 24usize];
    ["Offset of field: costmark_priced_call::serving"]
        [::core::mem::offset_of!(costmark_priced_call, serving) - 40usize];
    ["Offset of field: costmark_priced_call::tier"]
        [::core::mem::offset_of!(costmark_priced_call, tier) - 56usize];
    ["Offset of field: costmark_priced_call::usage"]
        [::core::mem::offset_of!(costmark_priced_call, usage) - 72usize];
    ["Offset of field: costmark_priced_call::meters"]
        [::core::mem::offset_of!(costmark_priced_call, meters) - 80usize];
    ["Offset of field: costmark_priced_call::meter_count"]
        [::core::mem::offset_of!(costmark_priced_call, meter_count) - 88usize];
    ["Offset of field: costmark_priced_call::end_us"]
        [::core::mem::offset_of!(costmark_priced_call, end_us) - 96usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_cost_part {
    pub price: u64,
    pub count: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_cost_part"][::core::mem::size_of::<costmark_cost_part>() - 16usize];
    ["Alignment of costmark_cost_part"][::core::mem::align_of::<costmark_cost_part>() - 8usize];
    ["Offset of field: costmark_cost_part::price"]
        [::core::mem::offset_of!(costmark_cost_part, price) - 0usize];
    ["Offset of field: costmark_cost_part::count"]
        [::core::mem::offset_of!(costmark_cost_part, count) - 8usize];
};
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_cost {
    pub struct_size: usize,
    pub pico_usd: i64,
    pub state: costmark_cost_state,
    pub has_pico_usd: u32,
    pub flags: u32,
    pub part_count: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_cost"][::core::mem::size_of::<costmark_cost>() - 32usize];
    ["Alignment of costmark_cost"][::core::mem::align_of::<costmark_cost>() - 8usize];
    ["Offset of field: costmark_cost::struct_size"]
        [::core::mem::offset_of!(costmark_cost, struct_size) - 0usize];
    ["Offset of field: costmark_cost::pico_usd"]
        [::core::mem::offset_of!(costmark_cost, pico_usd) - 8usize];
    ["Offset of field: costmark_cost::state"]
        [::core::mem::offset_of!(costmark_cost, state) - 16usize];
    ["Offset of field: costmark_cost::has_pico_usd"]
        [::core::mem::offset_of!(costmark_cost, has_pico_usd) - 20usize];
    ["Offset of field: costmark_cost::flags"]
        [::core::mem::offset_of!(costmark_cost, flags) - 24usize];
    ["Offset of field: costmark_cost::part_count"]
        [::core::mem::offset_of!(costmark_cost, part_count) - 28usize];
};
unsafe extern "C" {
    pub fn costmark_price_book_shipped(
        out_book: *mut *mut costmark_price_book,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_price_book_parse(
        text: *const ::core::ffi::c_char,
        text_len: usize,
        name: *const ::core::ffi::c_char,
        name_len: usize,
        out_book: *mut *mut costmark_price_book,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_price_book_load(
        path: *const ::core::ffi::c_char,
        path_len: usize,
        out_book: *mut *mut costmark_price_book,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_price_book_read(
        book: *const costmark_price_book,
        out_view: *mut costmark_price_book_view,
    );
}
unsafe extern "C" {
    pub fn costmark_price_book_age_days(book: *const costmark_price_book, time_unix_s: i64) -> i64;
}
unsafe extern "C" {
    pub fn costmark_price_book_price(
        book: *const costmark_price_book,
        index: usize,
        out_price: *mut costmark_price,
    );
}
unsafe extern "C" {
    pub fn costmark_price_book_cost(
        book: *const costmark_price_book,
        call: *const costmark_priced_call,
        out_cost: *mut costmark_cost,
        parts: *mut costmark_cost_part,
        part_capacity: usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_price_book_free(book: *mut costmark_price_book);
}
unsafe extern "C" {
    pub fn costmark_cost_state_name(state: costmark_cost_state) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_price_flag_name(flag: u32) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_live_handles() -> usize;
}
