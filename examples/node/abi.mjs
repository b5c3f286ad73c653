// The functions of libcostmark as costmark.h declares them, as far as costmark.mjs needs them, called
// through koffi without a compiler; and what passes between the two languages.
import koffi from 'koffi';

const library = koffi.load(process.env.COSTMARK_LIBRARY ?? 'libcostmark.so.1');

// --- What costmark.h declares ----------------------------------------------------------------------

for (const name of ['error', 'config', 'client', 'operation', 'cancel']) {
  koffi.opaque(`costmark_${name}`);
}
koffi.struct('costmark_str', { data: 'const void *', len: 'size_t' });
koffi.struct('costmark_header', { name: 'costmark_str', value: 'costmark_str' });
koffi.struct('costmark_error_view', {
  struct_size: 'size_t', message: 'costmark_str', request_id: 'costmark_str',
  offset: 'uint64_t', has_offset: 'uint32_t', status: 'int32_t',
  http_status: 'int32_t', retryable: 'uint32_t',
});
koffi.struct('costmark_request', {
  struct_size: 'size_t', method: 'costmark_str', url: 'costmark_str',
  headers: 'const costmark_header *', header_count: 'size_t',
  body: 'costmark_str', project: 'costmark_str', scope: 'costmark_str',
  body_is_stream: 'uint32_t', overrides_budgets: 'uint32_t',
  labels: 'const void *', label_count: 'size_t',
});
koffi.struct('costmark_prepared', {
  struct_size: 'size_t', url: 'costmark_str',
  set_headers: 'const costmark_header *', set_header_count: 'size_t',
  remove_headers: 'const costmark_str *', remove_header_count: 'size_t',
  body: 'costmark_str', project: 'costmark_str', model: 'costmark_str', hint: 'costmark_str',
  body_changed: 'uint32_t', authorized: 'uint32_t', streamed: 'uint32_t', renewal_due: 'uint32_t',
  project_source: 'int32_t', api: 'int32_t',
  unattributed: 'uint32_t', unrecognized: 'uint32_t',
});
koffi.struct('costmark_answer_head', {
  struct_size: 'size_t', headers: 'const costmark_header *', header_count: 'size_t',
  http_status: 'int32_t', encoded: 'uint32_t',
});
koffi.struct('costmark_answer_plan', {
  struct_size: 'size_t', read_ahead_len: 'size_t', read_ahead_ms: 'int64_t',
  body_may_change: 'uint32_t', reserved: 'uint32_t',
});
koffi.struct('costmark_next', {
  struct_size: 'size_t', pause_ms: 'int64_t', step: 'int32_t', reason: 'int32_t',
});
const Usage = koffi.struct('costmark_usage', {
  struct_size: 'size_t', input_tokens: 'uint64_t', cached_input_tokens: 'uint64_t',
  cache_write_tokens: 'uint64_t', output_tokens: 'uint64_t', reasoning_tokens: 'uint64_t',
  total_tokens: 'uint64_t', known: 'uint32_t', flags: 'uint32_t',
});
koffi.struct('costmark_answer', {
  struct_size: 'size_t', operation: 'costmark_str', project: 'costmark_str', model: 'costmark_str',
  model_answered: 'costmark_str', response_id: 'costmark_str', request_id: 'costmark_str',
  service_tier: 'costmark_str', error_code: 'costmark_str', usage_json: 'costmark_str',
  usage: 'const costmark_usage *', latency_us: 'int64_t', first_byte_us: 'int64_t',
  kind: 'int32_t', project_source: 'int32_t', api: 'int32_t', outcome: 'int32_t',
  http_status: 'int32_t', attempt: 'uint32_t', concurrent: 'uint32_t', price_flags: 'uint32_t',
  start_us: 'int64_t', end_us: 'int64_t', url_host: 'costmark_str', region: 'costmark_str',
  account: 'costmark_str', sdk: 'costmark_str', labels: 'const void *', label_count: 'size_t',
  labels_key: 'costmark_str', tags: 'const void *', tag_count: 'size_t',
  meters: 'const void *', meter_count: 'size_t', streamed: 'uint32_t', background: 'uint32_t',
  serving: 'costmark_str', price_book: 'costmark_str', cost_pico_usd: 'int64_t',
  has_cost_pico_usd: 'uint32_t', cost_state: 'int32_t',
});
koffi.struct('costmark_response', {
  struct_size: 'size_t', headers: 'const costmark_header *', header_count: 'size_t',
  body: 'costmark_str', request_id: 'costmark_str', hint: 'costmark_str',
  http_status: 'int32_t', attempts: 'uint32_t',
});
koffi.proto('int32_t costmark_head_callback(void *user_data, const costmark_response *response)');
koffi.proto('int32_t costmark_body_callback(void *user_data, const void *data, size_t len)');
koffi.struct('costmark_send_options', {
  struct_size: 'size_t', on_head: 'costmark_head_callback *', on_body: 'costmark_body_callback *',
  user_data: 'void *', cancel: 'costmark_cancel *', timeout_ms: 'int64_t',
  max_attempts: 'uint32_t', reserved: 'uint32_t',
});

/** The functions by name, without costmark_. */
export const c = {};

/** Takes functions as their header declares them. */
export function declare(...declarations) {
  for (const declaration of declarations) {
    c[declaration.match(/costmark_(\w+)\(/)[1]] = library.func(declaration);
  }
}

declare(
  'const char *costmark_status_name(int32_t status)',
  'void costmark_error_read(costmark_error *error, _Inout_ costmark_error_view *view)',
  'void costmark_error_free(costmark_error *error)',
  'int32_t costmark_config_new(_Out_ costmark_config **out, _Out_ costmark_error **error)',
  'int32_t costmark_config_set(costmark_config *config, const void *name, size_t name_len, ' +
    'const void *value, size_t value_len, _Out_ costmark_error **error)',
  'void costmark_config_free(costmark_config *config)',
  'int32_t costmark_client_new(costmark_config *config, _Out_ costmark_client **out, ' +
    '_Out_ costmark_error **error)',
  'void costmark_client_release(costmark_client *client)',
  'int32_t costmark_operation_new(costmark_client *client, _Out_ costmark_operation **out, ' +
    '_Out_ costmark_error **error)',
  'int32_t costmark_operation_begin(costmark_operation *call, const costmark_request *request, ' +
    '_Out_ costmark_error **error)',
  'int32_t costmark_operation_prepare(costmark_operation *call, const costmark_request *request, ' +
    'const void *wait, _Inout_ costmark_prepared *prepared, _Out_ costmark_error **error)',
  'void costmark_operation_sent(costmark_operation *call)',
  'int32_t costmark_operation_head(costmark_operation *call, const costmark_answer_head *head, ' +
    '_Inout_ costmark_answer_plan *plan)',
  'int32_t costmark_operation_feed(costmark_operation *call, const void *data, size_t len, ' +
    '_Out_ costmark_str *piece)',
  'int32_t costmark_operation_finish(costmark_operation *call, _Out_ costmark_str *piece, ' +
    '_Inout_ costmark_next *next)',
  'int32_t costmark_operation_fail(costmark_operation *call, int32_t outcome, ' +
    '_Out_ costmark_str *piece, _Inout_ costmark_next *next)',
  'void costmark_operation_answer(costmark_operation *call, _Inout_ costmark_answer *answer)',
  'int32_t costmark_operation_send(costmark_operation *call, const costmark_send_options *options, ' +
    '_Out_ costmark_error **error)',
  'void costmark_operation_response(costmark_operation *call, _Inout_ costmark_response *response)',
  'void costmark_operation_free(costmark_operation *call)',
  'int32_t costmark_cancel_new(_Out_ costmark_cancel **out, _Out_ costmark_error **error)',
  'void costmark_cancel_stop(costmark_cancel *cancel)',
  'void costmark_cancel_release(costmark_cancel *cancel)',
  'size_t costmark_live_handles(void)',
);

// --- Between the two languages ---------------------------------------------------------------------

/** A struct for C to fill. */
export const sized = (name) => ({ struct_size: koffi.sizeof(`costmark_${name}`) });

/** What a function shows in the struct that is its last parameter. */
export function shown(name, struct, handle) {
  const view = sized(struct);
  c[name](handle, view);
  return view;
}

export class CostmarkError extends Error {
  constructor(status, error) {
    const why = shown('error_read', 'error_view', error);
    super(text(why.message) || 'no more is known');
    this.name = 'CostmarkError';
    this.code = c.status_name(status); // such as "unattributed"
    this.httpStatus = why.http_status;
    this.retryable = why.retryable !== 0;
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

/** What `use` makes of a configuration with options by name, such as { project: 'proj_abc123' }. */
export function configured(options, use) {
  const config = make('config_new');
  try {
    for (const [name, value] of Object.entries(options)) {
      const [n, v] = [str(name), str(value)];
      call('config_set', config, n.data, n.len, v.data, v.len);
    }
    return use(config);
  } finally {
    c.config_free(config);
  }
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

export const text = ({ data, len }) => bytes(data, len).toString();
export const piece = ({ data, len }) => bytes(data, len);

/** An array of C's, such as of costmark_header. */
export function list(type, first, count) {
  return Number(count) === 0 ? [] : koffi.decode(first, type, Number(count));
}

/** The tokens of the last attempt. */
export function usageOf(operation) {
  const { usage } = shown('operation_answer', 'answer', operation);
  const counts = usage === null ? {} : koffi.decode(usage, Usage);
  return {
    inputTokens: Number(counts.input_tokens ?? 0),
    outputTokens: Number(counts.output_tokens ?? 0),
  };
}

/** Header fields for C to read. They must be kept for as long as C may look at them. */
export function fieldsOf(headers) {
  const fields = [...headers].map(([name, value]) => ({ name: str(name), value: str(value) }));
  return {
    headers: fields.length === 0 ? null : koffi.as(fields, 'costmark_header *'),
    header_count: fields.length,
  };
}

/** A costmark_request. It must be kept for as long as C may look at it. */
export function requestOf(request) {
  const { method = 'POST', url, headers = {}, body = '', project = '', scope = '' } = request;
  return {
    ...sized('request'), method: str(method), url: str(url), ...fieldsOf(new Headers(headers)),
    body: str(body), project: str(project), scope: str(scope), body_is_stream: 0, overrides_budgets: 0,
  };
}
