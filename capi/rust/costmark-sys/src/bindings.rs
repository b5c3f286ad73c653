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
pub const COSTMARK_JSON_STRICT: u32 = 1;
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
unsafe extern "C" {
    pub fn costmark_live_handles() -> usize;
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
unsafe extern "C" {
    pub fn costmark_init(any_struct: *mut ::core::ffi::c_void, struct_size: usize);
}
pub type costmark_status = i32;
pub const COSTMARK_OK: i32 = 0;
pub const COSTMARK_INVALID_ARGUMENT: i32 = 1;
pub const COSTMARK_INVALID_JSON: i32 = 2;
pub const COSTMARK_INVALID_URL: i32 = 3;
pub const COSTMARK_INVALID_OPTION: i32 = 10;
pub const COSTMARK_ENDPOINT_MISMATCH: i32 = 11;
pub const COSTMARK_INVALID_PROJECT: i32 = 20;
pub const COSTMARK_UNATTRIBUTED: i32 = 21;
pub const COSTMARK_CONFLICT: i32 = 22;
pub const COSTMARK_PROJECT_NOT_ALLOWED: i32 = 23;
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
#[repr(C)]
#[derive(Debug)]
pub struct costmark_error {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_status_name(status: costmark_status) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_error_status(error: *const costmark_error) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_error_message(
        error: *const costmark_error,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_error_offset(error: *const costmark_error, out_offset: *mut u64) -> bool;
}
unsafe extern "C" {
    pub fn costmark_error_http_status(error: *const costmark_error) -> i32;
}
unsafe extern "C" {
    pub fn costmark_error_request_id(
        error: *const costmark_error,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_error_retryable(error: *const costmark_error) -> bool;
}
unsafe extern "C" {
    pub fn costmark_error_free(error: *mut costmark_error);
}
pub type costmark_option_type = i32;
pub const COSTMARK_OPTION_TEXT: i32 = 0;
pub const COSTMARK_OPTION_SECRET: i32 = 1;
pub const COSTMARK_OPTION_BOOLEAN: i32 = 2;
pub const COSTMARK_OPTION_INTEGER: i32 = 3;
pub const COSTMARK_OPTION_CHOICE: i32 = 4;
pub const COSTMARK_OPTION_LIST: i32 = 5;
pub const COSTMARK_OPTION_URL: i32 = 6;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_option_info {
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
    ["Size of costmark_option_info"][::core::mem::size_of::<costmark_option_info>() - 96usize];
    ["Alignment of costmark_option_info"][::core::mem::align_of::<costmark_option_info>() - 8usize];
    ["Offset of field: costmark_option_info::struct_size"]
        [::core::mem::offset_of!(costmark_option_info, struct_size) - 0usize];
    ["Offset of field: costmark_option_info::name"]
        [::core::mem::offset_of!(costmark_option_info, name) - 8usize];
    ["Offset of field: costmark_option_info::default_value"]
        [::core::mem::offset_of!(costmark_option_info, default_value) - 24usize];
    ["Offset of field: costmark_option_info::choices"]
        [::core::mem::offset_of!(costmark_option_info, choices) - 40usize];
    ["Offset of field: costmark_option_info::description"]
        [::core::mem::offset_of!(costmark_option_info, description) - 56usize];
    ["Offset of field: costmark_option_info::minimum"]
        [::core::mem::offset_of!(costmark_option_info, minimum) - 72usize];
    ["Offset of field: costmark_option_info::maximum"]
        [::core::mem::offset_of!(costmark_option_info, maximum) - 80usize];
    ["Offset of field: costmark_option_info::type_"]
        [::core::mem::offset_of!(costmark_option_info, type_) - 88usize];
    ["Offset of field: costmark_option_info::reserved"]
        [::core::mem::offset_of!(costmark_option_info, reserved) - 92usize];
};
unsafe extern "C" {
    pub fn costmark_option_count() -> usize;
}
unsafe extern "C" {
    pub fn costmark_option_get(
        index: usize,
        out_info: *mut costmark_option_info,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
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
pub type costmark_free_user_data =
    ::core::option::Option<unsafe extern "C" fn(user_data: *mut ::core::ffi::c_void)>;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_credentials {
    pub struct_size: usize,
    pub access_key_id: costmark_str,
    pub secret_access_key: costmark_str,
    pub session_token: costmark_str,
    pub account_id: costmark_str,
    pub expires_unix_s: i64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_credentials"][::core::mem::size_of::<costmark_credentials>() - 80usize];
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
    ["Offset of field: costmark_credentials::expires_unix_s"]
        [::core::mem::offset_of!(costmark_credentials, expires_unix_s) - 72usize];
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
unsafe extern "C" {
    pub fn costmark_config_set_bearer_token_callback(
        config: *mut costmark_config,
        callback: costmark_bearer_token_callback,
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
pub type costmark_log_level = i32;
pub const COSTMARK_LOG_DEBUG: i32 = 0;
pub const COSTMARK_LOG_INFO: i32 = 1;
pub const COSTMARK_LOG_WARNING: i32 = 2;
pub const COSTMARK_LOG_ERROR: i32 = 3;
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
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_request"][::core::mem::size_of::<costmark_request>() - 104usize];
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
};
#[repr(C)]
#[derive(Debug)]
pub struct costmark_prepared {
    _unused: [u8; 0],
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
unsafe extern "C" {
    pub fn costmark_prepared_new(
        out_prepared: *mut *mut costmark_prepared,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_prepared_free(prepared: *mut costmark_prepared);
}
unsafe extern "C" {
    pub fn costmark_prepared_clear(prepared: *mut costmark_prepared);
}
unsafe extern "C" {
    pub fn costmark_client_prepare(
        client: *const costmark_client,
        request: *const costmark_request,
        prepared: *mut costmark_prepared,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_client_check(
        client: *const costmark_client,
        request: *const costmark_request,
        scratch: *mut costmark_prepared,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_prepared_headers_to_remove(
        prepared: *const costmark_prepared,
        out_count: *mut usize,
    ) -> *const costmark_str;
}
unsafe extern "C" {
    pub fn costmark_prepared_headers_to_set(
        prepared: *const costmark_prepared,
        out_count: *mut usize,
    ) -> *const costmark_header;
}
unsafe extern "C" {
    pub fn costmark_prepared_body(
        prepared: *const costmark_prepared,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_prepared_body_changed(prepared: *const costmark_prepared) -> bool;
}
unsafe extern "C" {
    pub fn costmark_prepared_project(
        prepared: *const costmark_prepared,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_prepared_project_source(
        prepared: *const costmark_prepared,
    ) -> costmark_project_source;
}
unsafe extern "C" {
    pub fn costmark_prepared_api(prepared: *const costmark_prepared) -> costmark_api;
}
unsafe extern "C" {
    pub fn costmark_prepared_streamed(prepared: *const costmark_prepared) -> bool;
}
unsafe extern "C" {
    pub fn costmark_prepared_hides_usage_chunk(prepared: *const costmark_prepared) -> bool;
}
unsafe extern "C" {
    pub fn costmark_prepared_authorized(prepared: *const costmark_prepared) -> bool;
}
unsafe extern "C" {
    pub fn costmark_prepared_url(
        prepared: *const costmark_prepared,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_prepared_hint(
        prepared: *const costmark_prepared,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_project_source_name(
        source: costmark_project_source,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_api_name(api: costmark_api) -> *const ::core::ffi::c_char;
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_observation {
    _unused: [u8; 0],
}
pub type costmark_outcome = i32;
pub const COSTMARK_OUTCOME_OK: i32 = 0;
pub const COSTMARK_OUTCOME_ERROR: i32 = 1;
pub const COSTMARK_OUTCOME_CANCELLED: i32 = 2;
pub const COSTMARK_OUTCOME_INCOMPLETE: i32 = 3;
pub const COSTMARK_OUTCOME_UNKNOWN: i32 = 4;
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_usage {
    pub struct_size: usize,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub cache_write_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
    pub known: u32,
    pub inconsistent: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_usage"][::core::mem::size_of::<costmark_usage>() - 56usize];
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
    ["Offset of field: costmark_usage::known"]
        [::core::mem::offset_of!(costmark_usage, known) - 48usize];
    ["Offset of field: costmark_usage::inconsistent"]
        [::core::mem::offset_of!(costmark_usage, inconsistent) - 52usize];
};
unsafe extern "C" {
    pub fn costmark_observation_new(
        client: *const costmark_client,
        prepared: *const costmark_prepared,
        attempt: u32,
        out_observation: *mut *mut costmark_observation,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_answer_head {
    pub struct_size: usize,
    pub http_status: i32,
    pub reserved: u32,
    pub content_type: costmark_str,
    pub date: costmark_str,
    pub error_type: costmark_str,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_answer_head"][::core::mem::size_of::<costmark_answer_head>() - 64usize];
    ["Alignment of costmark_answer_head"][::core::mem::align_of::<costmark_answer_head>() - 8usize];
    ["Offset of field: costmark_answer_head::struct_size"]
        [::core::mem::offset_of!(costmark_answer_head, struct_size) - 0usize];
    ["Offset of field: costmark_answer_head::http_status"]
        [::core::mem::offset_of!(costmark_answer_head, http_status) - 8usize];
    ["Offset of field: costmark_answer_head::reserved"]
        [::core::mem::offset_of!(costmark_answer_head, reserved) - 12usize];
    ["Offset of field: costmark_answer_head::content_type"]
        [::core::mem::offset_of!(costmark_answer_head, content_type) - 16usize];
    ["Offset of field: costmark_answer_head::date"]
        [::core::mem::offset_of!(costmark_answer_head, date) - 32usize];
    ["Offset of field: costmark_answer_head::error_type"]
        [::core::mem::offset_of!(costmark_answer_head, error_type) - 48usize];
};
unsafe extern "C" {
    pub fn costmark_observation_head(
        observation: *mut costmark_observation,
        head: *const costmark_answer_head,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_observation_feed(
        observation: *mut costmark_observation,
        data: *const ::core::ffi::c_char,
        len: usize,
        out_data: *mut *const ::core::ffi::c_char,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_observation_finish(
        observation: *mut costmark_observation,
        out_data: *mut *const ::core::ffi::c_char,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_observation_fail(
        observation: *mut costmark_observation,
        outcome: costmark_outcome,
        out_data: *mut *const ::core::ffi::c_char,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_observation_usage(
        observation: *const costmark_observation,
        out_usage: *mut costmark_usage,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_observation_retry_advised(observation: *const costmark_observation) -> bool;
}
unsafe extern "C" {
    pub fn costmark_observation_outcome(
        observation: *const costmark_observation,
    ) -> costmark_outcome;
}
unsafe extern "C" {
    pub fn costmark_observation_response_id(
        observation: *const costmark_observation,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_observation_model(
        observation: *const costmark_observation,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_observation_service_tier(
        observation: *const costmark_observation,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_observation_free(observation: *mut costmark_observation);
}
unsafe extern "C" {
    pub fn costmark_outcome_name(outcome: costmark_outcome) -> *const ::core::ffi::c_char;
}
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
    pub fn costmark_cancel_request(cancel: *mut costmark_cancel);
}
unsafe extern "C" {
    pub fn costmark_cancel_requested(cancel: *const costmark_cancel) -> bool;
}
unsafe extern "C" {
    pub fn costmark_cancel_retain(cancel: *mut costmark_cancel) -> *mut costmark_cancel;
}
unsafe extern "C" {
    pub fn costmark_cancel_release(cancel: *mut costmark_cancel);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_response {
    _unused: [u8; 0],
}
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
    pub fn costmark_response_new(
        out_response: *mut *mut costmark_response,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_client_send(
        client: *const costmark_client,
        request: *const costmark_request,
        options: *const costmark_send_options,
        response: *mut costmark_response,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_response_http_status(response: *const costmark_response) -> i32;
}
unsafe extern "C" {
    pub fn costmark_response_headers(
        response: *const costmark_response,
        out_count: *mut usize,
    ) -> *const costmark_header;
}
unsafe extern "C" {
    pub fn costmark_response_header(
        response: *const costmark_response,
        name: *const ::core::ffi::c_char,
        name_len: usize,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_body(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_request_id(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_attempts(response: *const costmark_response) -> u32;
}
unsafe extern "C" {
    pub fn costmark_response_usage(
        response: *const costmark_response,
        out_usage: *mut costmark_usage,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_response_outcome(response: *const costmark_response) -> costmark_outcome;
}
unsafe extern "C" {
    pub fn costmark_response_id(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_model(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_service_tier(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_project(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_project_source(
        response: *const costmark_response,
    ) -> costmark_project_source;
}
unsafe extern "C" {
    pub fn costmark_response_hint(
        response: *const costmark_response,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_response_free(response: *mut costmark_response);
}
pub type costmark_verdict = i32;
pub const COSTMARK_VERDICT_HONOURED: i32 = 0;
pub const COSTMARK_VERDICT_NOT_HONOURED: i32 = 1;
pub const COSTMARK_VERDICT_UNKNOWN: i32 = 2;
unsafe extern "C" {
    pub fn costmark_verdict_name(verdict: costmark_verdict) -> *const ::core::ffi::c_char;
}
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
#[repr(C)]
#[derive(Debug)]
pub struct costmark_verification {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_client_verify(
        client: *const costmark_client,
        request: *const costmark_verify_request,
        out_verification: *mut *mut costmark_verification,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_client_may_verify(
        client: *const costmark_client,
        url: *const ::core::ffi::c_char,
        url_len: usize,
    ) -> bool;
}
unsafe extern "C" {
    pub fn costmark_verification_verdict(
        verification: *const costmark_verification,
    ) -> costmark_verdict;
}
unsafe extern "C" {
    pub fn costmark_verification_reason(
        verification: *const costmark_verification,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verification_endpoint(
        verification: *const costmark_verification,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verification_carrier(
        verification: *const costmark_verification,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verification_project(
        verification: *const costmark_verification,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verification_model(
        verification: *const costmark_verification,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_verification_retryable(verification: *const costmark_verification) -> bool;
}
unsafe extern "C" {
    pub fn costmark_verification_checked_unix_s(verification: *const costmark_verification) -> i64;
}
unsafe extern "C" {
    pub fn costmark_verification_probe_count(verification: *const costmark_verification) -> usize;
}
unsafe extern "C" {
    pub fn costmark_verification_probe(
        verification: *const costmark_verification,
        index: usize,
        out_probe: *mut costmark_probe,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
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
    pub operations: u64,
    pub attempts: u64,
    pub failed_attempts: u64,
    pub incomplete_attempts: u64,
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    pub cache_write_tokens: u64,
    pub output_tokens: u64,
    pub reasoning_tokens: u64,
    pub inconsistent: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_usage_totals"][::core::mem::size_of::<costmark_usage_totals>() - 88usize];
    ["Alignment of costmark_usage_totals"]
        [::core::mem::align_of::<costmark_usage_totals>() - 8usize];
    ["Offset of field: costmark_usage_totals::struct_size"]
        [::core::mem::offset_of!(costmark_usage_totals, struct_size) - 0usize];
    ["Offset of field: costmark_usage_totals::operations"]
        [::core::mem::offset_of!(costmark_usage_totals, operations) - 8usize];
    ["Offset of field: costmark_usage_totals::attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, attempts) - 16usize];
    ["Offset of field: costmark_usage_totals::failed_attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, failed_attempts) - 24usize];
    ["Offset of field: costmark_usage_totals::incomplete_attempts"]
        [::core::mem::offset_of!(costmark_usage_totals, incomplete_attempts) - 32usize];
    ["Offset of field: costmark_usage_totals::input_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, input_tokens) - 40usize];
    ["Offset of field: costmark_usage_totals::cached_input_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, cached_input_tokens) - 48usize];
    ["Offset of field: costmark_usage_totals::cache_write_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, cache_write_tokens) - 56usize];
    ["Offset of field: costmark_usage_totals::output_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, output_tokens) - 64usize];
    ["Offset of field: costmark_usage_totals::reasoning_tokens"]
        [::core::mem::offset_of!(costmark_usage_totals, reasoning_tokens) - 72usize];
    ["Offset of field: costmark_usage_totals::inconsistent"]
        [::core::mem::offset_of!(costmark_usage_totals, inconsistent) - 80usize];
};
unsafe extern "C" {
    pub fn costmark_client_usage(
        client: *const costmark_client,
        out_report: *mut *mut costmark_usage_report,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_usage_report_count(report: *const costmark_usage_report) -> usize;
}
unsafe extern "C" {
    pub fn costmark_usage_report_project(
        report: *const costmark_usage_report,
        index: usize,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_usage_report_totals(
        report: *const costmark_usage_report,
        index: usize,
        out_totals: *mut costmark_usage_totals,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_usage_report_free(report: *mut costmark_usage_report);
}
#[repr(C)]
#[derive(Copy, Clone)]
pub struct costmark_usage_event {
    pub struct_size: usize,
    pub project: costmark_str,
    pub model: costmark_str,
    pub response_id: costmark_str,
    pub service_tier: costmark_str,
    pub usage: *const costmark_usage,
    pub api: costmark_api,
    pub outcome: costmark_outcome,
    pub http_status: i32,
    pub attempt: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of costmark_usage_event"][::core::mem::size_of::<costmark_usage_event>() - 96usize];
    ["Alignment of costmark_usage_event"][::core::mem::align_of::<costmark_usage_event>() - 8usize];
    ["Offset of field: costmark_usage_event::struct_size"]
        [::core::mem::offset_of!(costmark_usage_event, struct_size) - 0usize];
    ["Offset of field: costmark_usage_event::project"]
        [::core::mem::offset_of!(costmark_usage_event, project) - 8usize];
    ["Offset of field: costmark_usage_event::model"]
        [::core::mem::offset_of!(costmark_usage_event, model) - 24usize];
    ["Offset of field: costmark_usage_event::response_id"]
        [::core::mem::offset_of!(costmark_usage_event, response_id) - 40usize];
    ["Offset of field: costmark_usage_event::service_tier"]
        [::core::mem::offset_of!(costmark_usage_event, service_tier) - 56usize];
    ["Offset of field: costmark_usage_event::usage"]
        [::core::mem::offset_of!(costmark_usage_event, usage) - 72usize];
    ["Offset of field: costmark_usage_event::api"]
        [::core::mem::offset_of!(costmark_usage_event, api) - 80usize];
    ["Offset of field: costmark_usage_event::outcome"]
        [::core::mem::offset_of!(costmark_usage_event, outcome) - 84usize];
    ["Offset of field: costmark_usage_event::http_status"]
        [::core::mem::offset_of!(costmark_usage_event, http_status) - 88usize];
    ["Offset of field: costmark_usage_event::attempt"]
        [::core::mem::offset_of!(costmark_usage_event, attempt) - 92usize];
};
pub type costmark_usage_callback = ::core::option::Option<
    unsafe extern "C" fn(user_data: *mut ::core::ffi::c_void, event: *const costmark_usage_event),
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
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_provider {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_set {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_credentials_provider_new(
        config: *const costmark_config,
        out_provider: *mut *mut costmark_credentials_provider,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_provider_get(
        provider: *mut costmark_credentials_provider,
        out_set: *mut *mut costmark_credentials_set,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_provider_refused(
        provider: *mut costmark_credentials_provider,
        set: *const costmark_credentials_set,
    ) -> bool;
}
unsafe extern "C" {
    pub fn costmark_credentials_provider_retain(
        provider: *mut costmark_credentials_provider,
    ) -> *mut costmark_credentials_provider;
}
unsafe extern "C" {
    pub fn costmark_credentials_provider_release(provider: *mut costmark_credentials_provider);
}
unsafe extern "C" {
    pub fn costmark_credentials_set_view(
        set: *const costmark_credentials_set,
        out_credentials: *mut costmark_credentials,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_set_source(
        set: *const costmark_credentials_set,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_credentials_set_free(set: *mut costmark_credentials_set);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_credentials_report {
    _unused: [u8; 0],
}
unsafe extern "C" {
    pub fn costmark_credentials_report_new(
        config: *const costmark_config,
        out_report: *mut *mut costmark_credentials_report,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_count(report: *const costmark_credentials_report) -> usize;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_source(
        report: *const costmark_credentials_report,
        index: usize,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_failure(
        report: *const costmark_credentials_report,
        index: usize,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_found(report: *const costmark_credentials_report) -> bool;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_region(
        report: *const costmark_credentials_report,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_region_origin(
        report: *const costmark_credentials_report,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_credentials_report_free(report: *mut costmark_credentials_report);
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_bearer_token {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug)]
pub struct costmark_bearer_token_provider {
    _unused: [u8; 0],
}
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
    pub fn costmark_bearer_token_text(
        token: *const costmark_bearer_token,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_expires_unix_s(token: *const costmark_bearer_token) -> i64;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_free(token: *mut costmark_bearer_token);
}
unsafe extern "C" {
    pub fn costmark_bearer_token_provider_new(
        config: *const costmark_config,
        expires_in_s: i64,
        out_provider: *mut *mut costmark_bearer_token_provider,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_provider_get(
        provider: *mut costmark_bearer_token_provider,
        out_token: *mut *mut costmark_bearer_token,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_provider_refused(
        provider: *mut costmark_bearer_token_provider,
        token: *const ::core::ffi::c_char,
        token_len: usize,
    ) -> bool;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_provider_retain(
        provider: *mut costmark_bearer_token_provider,
    ) -> *mut costmark_bearer_token_provider;
}
unsafe extern "C" {
    pub fn costmark_bearer_token_provider_release(provider: *mut costmark_bearer_token_provider);
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
unsafe extern "C" {
    pub fn costmark_signature_new(
        out_signature: *mut *mut costmark_signature,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_sign(
        request: *const costmark_sign_request,
        signature: *mut costmark_signature,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_presign(
        request: *const costmark_sign_request,
        expires_in_s: i64,
        signature: *mut costmark_signature,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_signature_url(
        signature: *const costmark_signature,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_signature_headers(
        signature: *const costmark_signature,
        out_count: *mut usize,
    ) -> *const costmark_header;
}
unsafe extern "C" {
    pub fn costmark_signature_canonical_request(
        signature: *const costmark_signature,
        out_len: *mut usize,
    ) -> *const ::core::ffi::c_char;
}
unsafe extern "C" {
    pub fn costmark_signature_free(signature: *mut costmark_signature);
}
unsafe extern "C" {
    pub fn costmark_json_set_bound(json_len: usize, path_len: usize, value_len: usize) -> usize;
}
unsafe extern "C" {
    pub fn costmark_json_set(
        json: *const ::core::ffi::c_char,
        json_len: usize,
        path: *const ::core::ffi::c_char,
        path_len: usize,
        value: *const ::core::ffi::c_char,
        value_len: usize,
        flags: u32,
        buffer: *mut ::core::ffi::c_char,
        capacity: usize,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
unsafe extern "C" {
    pub fn costmark_json_remove(
        json: *const ::core::ffi::c_char,
        json_len: usize,
        path: *const ::core::ffi::c_char,
        path_len: usize,
        flags: u32,
        buffer: *mut ::core::ffi::c_char,
        capacity: usize,
        out_len: *mut usize,
        out_error: *mut *mut costmark_error,
    ) -> costmark_status;
}
