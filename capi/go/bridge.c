#include "bridge.h"

_Thread_local uintptr_t cmgo_current_call;

static uintptr_t enter(uintptr_t call) {
  const uintptr_t outer_call = cmgo_current_call;
  cmgo_current_call = call;
  return outer_call;
}

static void leave(uintptr_t outer_call) {
  cmgo_current_call = outer_call;
}

/* ---- Texts that come from Go ----------------------------------------------------------------- */

typedef struct texts {
  const char *at;
  const size_t *lengths;
  size_t left;
} texts;

static costmark_str next(texts *in) {
  const costmark_str text = {in->at, *in->lengths};
  in->at += text.len;
  ++in->lengths;
  --in->left;
  return text;
}

static costmark_str next_optional(texts *in) {
  const costmark_str absent = COSTMARK_STR_INIT;
  const costmark_str text = next(in);
  return text.len == 0 ? absent : text;
}

enum { few_headers = 48 };

/* Headers, in memory of their own if there are many. */
typedef struct headers {
  costmark_header few[few_headers];
  costmark_header *many;
  const costmark_header *data; /* NULL: none */
  size_t count;
} headers;

/* Reads what is left of the texts; end it with free(to->many). False: out of memory. */
static bool read_headers(headers *to, texts *in) {
  size_t i;
  costmark_header *list = to->few;
  to->count = in->left / 2;
  to->many = NULL;
  if (to->count > few_headers) {
    list = to->many = malloc(to->count * sizeof *list);
    if (list == NULL) return false;
  }
  for (i = 0; i < to->count; ++i) {
    list[i].name = next(in);
    list[i].value = next(in);
  }
  to->data = to->count == 0 ? NULL : list;
  return true;
}

/* A call never has more of them: WithLabels() refuses these. One more shows that there are. */
enum { most_labels = 16 + 1 };

/* Reads up to `most_labels` of `count` labels. */
static size_t read_labels(costmark_label *to, texts *in, size_t count) {
  size_t i;
  for (i = 0; i < count && i < most_labels; ++i) {
    to[i].name = next(in);
    to[i].value = next(in);
  }
  return i;
}

costmark_status cmgo_labels_check(const char *text, const size_t *lengths, size_t length_count,
                                  costmark_error **out_error) {
  costmark_label labels[most_labels];
  texts in = {text, lengths, length_count};
  const size_t count = read_labels(labels, &in, length_count / 2);
  return costmark_labels_check(labels, count, out_error);
}

/* ---- Operations ------------------------------------------------------------------------------ */

static costmark_status begin(cmgo_call *call, const costmark_request *request) {
  const costmark_status status =
      call->beside != NULL
          ? costmark_operation_begin_beside(call->operation, call->beside, request, &call->error)
          : costmark_operation_begin(call->operation, request, &call->error);
  call->begun = status == COSTMARK_OK;
  return status;
}

/* A request that the operation has just begun with need not be looked at again. */
static costmark_status prepare(cmgo_call *call, const costmark_request *request) {
  costmark_wait wait = COSTMARK_WAIT_INIT;
  costmark_status status;
  wait.no_wait = (call->steps & CMGO_NO_WAIT) != 0;
  wait.cancel = call->cancel;
  wait.timeout_ms = call->timeout_ms;
  status = costmark_operation_prepare(call->operation, call->begun ? NULL : request, &wait,
                                      &call->prepared, &call->error);
  /* Go has the body, and C must not keep a pointer to it. */
  if (call->prepared.body_changed == 0) call->prepared.body.data = NULL;
  return status;
}

static costmark_status send(cmgo_call *call) {
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  options.on_head = (call->steps & CMGO_WANTS_HEAD) != 0 ? cmgo_take_head : NULL;
  options.on_body = (call->steps & CMGO_WANTS_BODY) != 0 ? cmgo_take_body : NULL;
  options.user_data = (void *)call->call;
  options.cancel = call->cancel;
  options.timeout_ms = call->timeout_ms;
  options.max_attempts = call->max_attempts;
  return costmark_operation_send(call->operation, &options, &call->error);
}

static costmark_status run(cmgo_call *call, const costmark_request *request) {
  const uint32_t steps = call->steps;
  costmark_status status = COSTMARK_OK;
  if (call->operation == NULL) {
    status = costmark_operation_new(call->client, &call->operation, &call->error);
  }
  if (status == COSTMARK_OK && (steps & CMGO_BEGIN) != 0) status = begin(call, request);
  if (status == COSTMARK_OK && (steps & CMGO_READY) != 0) {
    costmark_wait wait = COSTMARK_WAIT_INIT;
    wait.cancel = call->cancel;
    wait.timeout_ms = call->timeout_ms;
    status = costmark_operation_ready(call->operation, &wait, &call->error);
  }
  if (status == COSTMARK_OK && (steps & CMGO_PREPARE) != 0) status = prepare(call, request);
  if (status == COSTMARK_OK && (steps & CMGO_SEND) != 0) status = send(call);
  return status;
}

void cmgo_run(cmgo_call *call, const char *text, const size_t *lengths, size_t length_count,
              const char *body, size_t body_len) {
  texts in = {text, lengths, length_count};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_label labels[most_labels];
  headers list;
  uintptr_t outer_call;
  call->error = NULL;
  call->begun = false;
  costmark_init(&call->prepared, sizeof call->prepared);
  request.method = next(&in);
  request.project = next_optional(&in);
  request.scope = next_optional(&in);
  request.label_count = read_labels(labels, &in, call->label_count);
  request.labels = request.label_count == 0 ? NULL : labels;
  request.url = next(&in);
  request.body.data = body;
  request.body.len = body_len;
  request.body_is_stream = (call->steps & CMGO_BODY_IS_STREAM) != 0;
  request.overrides_budgets = (call->steps & CMGO_OVERRIDES_BUDGETS) != 0;
  if (!read_headers(&list, &in)) {
    call->status = COSTMARK_OUT_OF_MEMORY;
    return;
  }
  request.headers = list.data;
  request.header_count = list.count;
  outer_call = enter(call->call);
  call->status = run(call, &request);
  leave(outer_call);
  free(list.many);
}

void cmgo_head(costmark_operation *operation, int32_t http_status, bool encoded, const char *text,
               const size_t *lengths, size_t length_count, costmark_answer_plan *out) {
  texts in = {text, lengths, length_count};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  headers list;
  costmark_init(out, sizeof *out);
  if (!read_headers(&list, &in)) list.data = NULL, list.count = 0;
  head.headers = list.data;
  head.header_count = list.count;
  head.http_status = http_status;
  head.encoded = encoded;
  (void)costmark_operation_head(operation, &head,
                                out); /* after a failure the answer passes unread */
  free(list.many);
}

void cmgo_feed(costmark_operation *operation, const char *data, size_t len, cmgo_piece *out) {
  costmark_str passed = {data, len};
  (void)costmark_operation_feed(operation, data, len, &passed); /* after a failure: the piece */
  out->data = passed.data;
  out->offset = 0;
  out->len = passed.len;
  if ((uintptr_t)passed.data >= (uintptr_t)data &&
      (uintptr_t)passed.data + passed.len <= (uintptr_t)data + len) {
    out->data = NULL;
    out->offset = (size_t)(passed.data - data);
  }
}

/* ---- Other calls that may call back ---------------------------------------------------------- */

costmark_status cmgo_verify(costmark_client *client, uintptr_t call,
                            const costmark_verify_request *request,
                            costmark_verification **out_verification, costmark_error **out_error) {
  const uintptr_t outer_call = enter(call);
  const costmark_status status =
      costmark_client_verify(client, request, out_verification, out_error);
  leave(outer_call);
  return status;
}

static costmark_status run_projects(cmgo_projects_call *c) {
  const char *id = c->project.data;
  const size_t len = c->project.len;
  const costmark_label *tags = c->change.tags;
  const size_t count = c->change.tag_count;
  switch (c->step) {
    case CMGO_PROJECTS_CREATE:
      return costmark_projects_create(c->projects, &c->change, &c->wait, &c->list, &c->error);
    case CMGO_PROJECTS_GET:
      return costmark_projects_get(c->projects, id, len, &c->wait, &c->list, &c->error);
    case CMGO_PROJECTS_LIST:
      return costmark_projects_list(c->projects, c->with_archived, &c->wait, &c->list, &c->error);
    case CMGO_PROJECTS_UPDATE:
      return costmark_projects_update(c->projects, id, len, &c->change, &c->wait, &c->list,
                                      &c->error);
    case CMGO_PROJECTS_ARCHIVE:
      return costmark_projects_archive(c->projects, id, len, &c->wait, &c->list, &c->error);
    case CMGO_PROJECTS_READ_TAGS:
      return costmark_projects_read_tags(c->projects, id, len, &c->wait, &c->list, &c->error);
    case CMGO_PROJECTS_ADD_TAGS:
      return costmark_projects_add_tags(c->projects, id, len, tags, count, &c->wait, &c->error);
    case CMGO_PROJECTS_SET_TAGS:
      return costmark_projects_set_tags(c->projects, id, len, tags, count, &c->wait, &c->error);
    case CMGO_PROJECTS_REMOVE_TAGS:
      break;
  }
  return costmark_projects_remove_tags(c->projects, id, len, c->keys, c->key_count, &c->wait,
                                       &c->error);
}

costmark_status cmgo_projects_run(cmgo_projects_call *call) {
  const uintptr_t outer_call = enter(call->call);
  const costmark_status status = run_projects(call);
  leave(outer_call);
  return status;
}

costmark_status cmgo_credentials_get(costmark_credentials_cache *cache, uintptr_t call,
                                     costmark_credentials_set **out_set,
                                     costmark_error **out_error) {
  const uintptr_t outer_call = enter(call);
  const costmark_status status = costmark_credentials_cache_get(cache, out_set, out_error);
  leave(outer_call);
  return status;
}

costmark_status cmgo_bearer_token_get(costmark_bearer_token_cache *cache, uintptr_t call,
                                      costmark_bearer_token **out_token,
                                      costmark_error **out_error) {
  const uintptr_t outer_call = enter(call);
  const costmark_status status = costmark_bearer_token_cache_get(cache, out_token, out_error);
  leave(outer_call);
  return status;
}
