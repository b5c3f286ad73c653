// A small client around libcostmark: attributes, signs and counts what Node's own fetch sends, or
// sends through the library's HTTP client.
import { promisify } from 'node:util';
import koffi from 'koffi';
import {
  CostmarkError, bytes, c, call, configured, fieldsOf, list, make, piece, requestOf, shown, sized, str, text,
  usageOf,
} from './abi.mjs';

const ERROR = 2, CANCELLED = 3, INCOMPLETE = 4; // costmark_outcome
const STEP_AGAIN = 2; // costmark_step
const STOPPED_BY_CALLBACK = 60; // costmark_status

export { CostmarkError };

/** How many handles have not been ended: 0 when a program has ended all of its own. */
export const liveHandles = () => Number(c.live_handles());

/** A request is { method = 'POST', url, headers, body, project, scope }. */
export class Client {
  #client;

  /** @param {Record<string, string>} options by name, such as { project: 'proj_abc123' } */
  constructor(options = {}) {
    this.#client = configured(options, (config) => make('client_new', config));
  }

  /** Ends the client. Answers that are still being read are counted to their end. */
  close() {
    c.client_release(this.#client);
    this.#client = null;
  }

  /**
   * Sends through fetch. Resolves to its Response, which must be read or cancelled, and to a promise
   * of the usage, which is known by then. What the service refuses because of credentials or the
   * time is sent once more where that may help.
   */
  async fetch(request) {
    const operation = make('operation_new', this.#client);
    const asked = requestOf(request);
    let open = false;
    try {
      call('operation_begin', operation, asked);
      const answer = await attempts(operation, request);
      open = answer.open;
      return { response: answer.response, usage: answer.usage };
    } finally {
      asked.body = null; // every attempt looked at the request's own memory until here
      if (!open) c.operation_free(operation);
    }
  }

  /**
   * Sends through the library's own HTTP client, on a thread of Node's pool. Pieces of the answer go
   * to `onPiece` as they come; without it they are gathered in `body`. An answer with a status from
   * 300 on is an error, and its property `answer`.
   */
  async send(request, { onPiece, signal, timeoutMs = 0, maxAttempts = 0 } = {}) {
    const operation = make('operation_new', this.#client);
    const cancel = make('cancel_new');
    let thrown;
    const callback = onPiece && koffi.register((_, data, length) => {
      try {
        onPiece(bytes(data, length));
        return 0;
      } catch (error) {
        thrown = error;
        return STOPPED_BY_CALLBACK;
      }
    }, 'costmark_body_callback *');
    const stop = () => c.cancel_stop(cancel);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    const [asked, error] = [requestOf(request), [null]];
    try {
      call('operation_begin', operation, asked);
      const status = await promisify(c.operation_send.async)(operation, {
        ...sized('send_options'), on_head: null, on_body: callback ?? null,
        user_data: null, cancel, timeout_ms: timeoutMs, max_attempts: maxAttempts, reserved: 0,
      }, error);
      const failure = status === 0 ? undefined : new CostmarkError(status, error[0]);
      const response = shown('operation_response', 'response', operation);
      const answer = {
        status: response.http_status,
        attempts: response.attempts,
        body: piece(response.body),
        usage: usageOf(operation),
      };
      if (failure !== undefined) throw thrown ?? Object.assign(failure, { answer });
      return answer;
    } finally {
      asked.body = null; // C looked at the request's own memory until here
      signal?.removeEventListener('abort', stop);
      if (callback) koffi.unregister(callback);
      c.cancel_release(cancel);
      c.operation_free(operation);
    }
  }
}

/** Makes attempts until one has an answer to pass on. `open`: it is still being read. */
async function attempts(operation, request) {
  for (let refusal; ;) {
    let outgoing;
    try {
      outgoing = prepare(operation, request);
    } catch (error) {
      if (refusal !== undefined) return refusal; // there is nothing better than that
      throw error;
    }
    const response = await exchange(operation, outgoing, request.signal);
    const reader = response.body?.getReader();
    const limit = readHead(operation, response);
    const { pieces, done } = await readAhead(operation, reader, limit);
    if (!done) return observed(operation, response, reader, pieces);
    const { held, step } = finish(operation);
    const body = Buffer.concat([...pieces, held]);
    const usage = Promise.resolve(usageOf(operation));
    refusal = { response: answerOf(response, reader && body), usage, open: false };
    if (step !== STEP_AGAIN) return refusal;
  }
}

/** What to send in place of a request, copied. */
function prepare(operation, request) {
  const prepared = sized('prepared');
  call('operation_prepare', operation, null, null, prepared);
  const headers = new Headers(request.headers);
  const { remove_headers, remove_header_count, set_headers, set_header_count } = prepared;
  for (const name of list('costmark_str', remove_headers, remove_header_count)) {
    headers.delete(text(name));
  }
  for (const { name, value } of list('costmark_header', set_headers, set_header_count)) {
    headers.set(text(name), text(value));
  }
  const body = piece(prepared.body);
  return {
    url: text(prepared.url), method: request.method ?? 'POST', headers,
    body: body.length === 0 ? undefined : body,
  };
}

/** Sends an attempt. */
async function exchange(operation, { url, ...init }, signal) {
  c.operation_sent(operation);
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal });
  } catch (error) {
    c.operation_fail(operation, signal?.aborted ? CANCELLED : ERROR, null, null);
    throw error;
  }
}

/** Tells how an answer begins. Returns how many bytes of it to read ahead. */
function readHead(operation, response) {
  const plan = sized('answer_plan');
  c.operation_head(operation, {
    ...sized('answer_head'), ...fieldsOf(response.headers), http_status: response.status, encoded: 0,
  }, plan);
  return Number(plan.read_ahead_len);
}

/** Takes a piece of an answer, and returns what to pass on. */
function feed(operation, value) {
  const passed = {};
  c.operation_feed(operation, value, value.length, passed);
  return piece(passed);
}

/** Ends an answer that is complete: what was held back, and what to do next. */
function finish(operation) {
  const [held, next] = [{}, sized('next')];
  c.operation_finish(operation, held, next);
  return { held: piece(held), step: next.step };
}

/** Reads an answer that refuses as far as `limit`: perhaps it is not the last one. */
async function readAhead(operation, reader, limit) {
  const pieces = [];
  if (reader === undefined) return { pieces, done: true };
  for (let length = 0; length < limit;) {
    const { done, value } = await reader.read();
    if (done) return { pieces, done };
    pieces.push(feed(operation, value));
    length += value.length;
  }
  return { pieces, done: false };
}

/** Passes an answer on, less what the caller did not ask for, and counts it at its end. */
function observed(operation, response, reader, pieces) {
  let tell;
  const usage = new Promise((resolve) => { tell = resolve; });
  const close = () => {
    tell(usageOf(operation));
    c.operation_free(operation);
  };
  const fail = (outcome) => {
    c.operation_fail(operation, outcome, null, null);
    close();
  };
  const body = new ReadableStream({
    start(controller) {
      for (const ahead of pieces) controller.enqueue(ahead);
    },
    async pull(controller) {
      for (let passed = 0; passed === 0;) {
        const { done, value } = await reader.read().catch((error) => {
          fail(INCOMPLETE);
          throw error;
        });
        const out = done ? finish(operation).held : feed(operation, value);
        if (out.length > 0) controller.enqueue(out);
        passed = out.length;
        if (!done) continue;
        close();
        controller.close();
        return;
      }
    },
    cancel(reason) {
      fail(CANCELLED);
      return reader.cancel(reason);
    },
  });
  return { response: answerOf(response, body), usage, open: true };
}

/** The head of an answer with another body. */
function answerOf(response, body) {
  const headers = new Headers(response.headers);
  headers.delete('content-encoding'); // which fetch has undone
  headers.delete('content-length');
  return new Response(body ?? null, { status: response.status, headers });
}
