// The functions of libcostmark as costmark.h declares them, as far as costmark.mjs needs them, called
// through koffi without a compiler; and what passes between the two languages.
import koffi from 'koffi';

const library = koffi.load(process.env.COSTMARK_LIBRARY ?? 'libcostmark.so.1');

// --- What costmark.h declares ----------------------------------------------------------------------

for (const name of ['error', 'config', 'client', 'prepared', 'observation', 'cancel', 'response']) {
  koffi.opaque(`costmark_${name}`);
}
koffi.struct('costmark_str', { data: 'const void *', len: 'size_t' });
koffi.struct('costmark_header', { name: 'costmark_str', value: 'costmark_str' });
export const Request = koffi.struct('costmark_request', {
  struct_size: 'size_t', method: 'costmark_str', url: 'costmark_str',
  headers: 'const costmark_header *', header_count: 'size_t',
  body: 'costmark_str', project: 'costmark_str', scope: 'costmark_str',
});
export const AnswerHead = koffi.struct('costmark_answer_head', {
  struct_size: 'size_t', http_status: 'int32_t', reserved: 'uint32_t',
  content_type: 'costmark_str', date: 'costmark_str', error_type: 'costmark_str',
});
const Usage = koffi.struct('costmark_usage', {
  struct_size: 'size_t', input_tokens: 'uint64_t', cached_input_tokens: 'uint64_t',
  cache_write_tokens: 'uint64_t', output_tokens: 'uint64_t', reasoning_tokens: 'uint64_t',
  known: 'uint32_t', inconsistent: 'uint32_t',
});
koffi.proto('int32_t costmark_head_callback(void *user_data, const costmark_response *response)');
koffi.proto('int32_t costmark_body_callback(void *user_data, const void *data, size_t len)');
export const SendOptions = koffi.struct('costmark_send_options', {
  struct_size: 'size_t', on_head: 'costmark_head_callback *', on_body: 'costmark_body_callback *',
  user_data: 'void *', cancel: 'costmark_cancel *', timeout_ms: 'int64_t',
  max_attempts: 'uint32_t', reserved: 'uint32_t',
});

/** The functions by name, without costmark_. */
export const c = Object.fromEntries([
  'const char *costmark_status_name(int32_t status)',
  'const char *costmark_error_message(costmark_error *error, void *out_len)',
  'int32_t costmark_error_http_status(costmark_error *error)',
  'bool costmark_error_retryable(costmark_error *error)',
  'void costmark_error_free(costmark_error *error)',
  'int32_t costmark_config_new(_Out_ costmark_config **out, _Out_ costmark_error **error)',
  'int32_t costmark_config_set(costmark_config *config, const void *name, size_t name_len, ' +
    'const void *value, size_t value_len, _Out_ costmark_error **error)',
  'void costmark_config_free(costmark_config *config)',
  'int32_t costmark_client_new(costmark_config *config, _Out_ costmark_client **out, ' +
    '_Out_ costmark_error **error)',
  'void costmark_client_release(costmark_client *client)',
  'int32_t costmark_prepared_new(_Out_ costmark_prepared **out, _Out_ costmark_error **error)',
  'int32_t costmark_client_prepare(costmark_client *client, const costmark_request *request, ' +
    'costmark_prepared *prepared, _Out_ costmark_error **error)',
  'void *costmark_prepared_headers_to_remove(costmark_prepared *prepared, _Out_ size_t *count)',
  'void *costmark_prepared_headers_to_set(costmark_prepared *prepared, _Out_ size_t *count)',
  'void *costmark_prepared_body(costmark_prepared *prepared, _Out_ size_t *len)',
  'void *costmark_prepared_url(costmark_prepared *prepared, _Out_ size_t *len)',
  'void costmark_prepared_clear(costmark_prepared *prepared)',
  'void costmark_prepared_free(costmark_prepared *prepared)',
  'int32_t costmark_observation_new(costmark_client *client, costmark_prepared *prepared, ' +
    'uint32_t attempt, _Out_ costmark_observation **out, _Out_ costmark_error **error)',
  'int32_t costmark_observation_head(costmark_observation *observation, ' +
    'const costmark_answer_head *head, _Out_ costmark_error **error)',
  'int32_t costmark_observation_feed(costmark_observation *observation, const void *data, ' +
    'size_t len, _Out_ void **out_data, _Out_ size_t *out_len, _Out_ costmark_error **error)',
  'int32_t costmark_observation_finish(costmark_observation *observation, _Out_ void **out_data, ' +
    '_Out_ size_t *out_len, _Out_ costmark_error **error)',
  'int32_t costmark_observation_fail(costmark_observation *observation, int32_t outcome, ' +
    '_Out_ void **out_data, _Out_ size_t *out_len, _Out_ costmark_error **error)',
  'int32_t costmark_observation_usage(costmark_observation *observation, ' +
    '_Inout_ costmark_usage *usage, _Out_ costmark_error **error)',
  'bool costmark_observation_retry_advised(costmark_observation *observation)',
  'void costmark_observation_free(costmark_observation *observation)',
  'int32_t costmark_cancel_new(_Out_ costmark_cancel **out, _Out_ costmark_error **error)',
  'void costmark_cancel_request(costmark_cancel *cancel)',
  'void costmark_cancel_release(costmark_cancel *cancel)',
  'int32_t costmark_response_new(_Out_ costmark_response **out, _Out_ costmark_error **error)',
  'int32_t costmark_client_send(costmark_client *client, const costmark_request *request, ' +
    'const costmark_send_options *options, costmark_response *response, ' +
    '_Out_ costmark_error **error)',
  'int32_t costmark_response_http_status(costmark_response *response)',
  'void *costmark_response_body(costmark_response *response, _Out_ size_t *len)',
  'uint32_t costmark_response_attempts(costmark_response *response)',
  'int32_t costmark_response_usage(costmark_response *response, ' +
    '_Inout_ costmark_usage *usage, _Out_ costmark_error **error)',
  'void costmark_response_free(costmark_response *response)',
  'size_t costmark_live_handles(void)',
].map((declaration) => [
  declaration.match(/costmark_(\w+)\(/)[1],
  library.func(declaration),
]));

// --- Between the two languages ---------------------------------------------------------------------

export class CostmarkError extends Error {
  constructor(status, error) {
    super(error === null ? 'no more is known' : c.error_message(error, null));
    this.name = 'CostmarkError';
    this.code = c.status_name(status); // such as "unattributed"
    this.httpStatus = c.error_http_status(error);
    this.retryable = c.error_retryable(error);
    c.error_free(error);
  }
}

/** Calls a function that can fail. */
export function call(name, ...parameters) {
  const error = [null];
  const status = c[name](...parameters, error);
  if (status !== 0) throw new CostmarkError(status, error[0]);
}

/** Calls one that makes something. */
export function make(name, ...parameters) {
  const handle = [null];
  call(name, ...parameters, handle);
  return handle[0];
}

/** Bytes that C reads; an empty value is absent. The view keeps them alive for as long as it lives. */
export function str(value) {
  const data = typeof value === 'string' ? Buffer.from(value) : value;
  return { data: data?.length ? data : null, len: data?.length ?? 0 };
}

/** A copy of bytes that C owns. */
export function bytes(pointer, length) {
  const size = Number(length);
  return size === 0 ? Buffer.alloc(0) : Buffer.from(new Uint8Array(koffi.view(pointer, size)));
}

/** What a getter with an `out_len` returns. */
export function get(name, handle) {
  const length = [0];
  return bytes(c[name](handle, length), length[0]);
}

/** What a getter with an `out_count` returns. */
export function list(name, type, handle) {
  const count = [0];
  const first = c[name](handle, count);
  return Number(count[0]) === 0 ? [] : koffi.decode(first, type, Number(count[0]));
}

export const text = ({ data, len }) => bytes(data, len).toString();

export function usageOf(name, handle) {
  const usage = { struct_size: koffi.sizeof(Usage) };
  call(name, handle, usage);
  return { inputTokens: Number(usage.input_tokens), outputTokens: Number(usage.output_tokens) };
}

/** A costmark_request. It must be kept for as long as C may look at it. */
export function requestOf({ method = 'POST', url, headers = {}, body = '', project = '', scope = '' }) {
  const fields = [...new Headers(headers)].map(([n, v]) => ({ name: str(n), value: str(v) }));
  return {
    struct_size: koffi.sizeof(Request), method: str(method), url: str(url),
    headers: fields.length === 0 ? null : koffi.as(fields, 'costmark_header *'),
    header_count: fields.length, body: str(body), project: str(project), scope: str(scope),
  };
}
