// A small client around libcostmark: attributes, signs and counts what Node's own fetch sends, or
// sends through the library's HTTP client.
import { promisify } from 'node:util';
import koffi from 'koffi';
import {
  AnswerHead, CostmarkError, SendOptions, bytes, c, call, get, list, make, requestOf, str,
  text, usageOf,
} from './abi.mjs';

const OK = 0, ERROR = 1, CANCELLED = 2, INCOMPLETE = 3; // costmark_outcome
const STOPPED_BY_CALLBACK = 60; // costmark_status

export { CostmarkError };

/** How many handles have not been ended: 0 when a program has ended all of its own. */
export const liveHandles = () => Number(c.live_handles());

/** A request is { method = 'POST', url, headers, body, project, scope }. */
export class Client {
  #client;
  #prepared;

  /** @param {Record<string, string>} options by name, such as { project: 'proj_abc123' } */
  constructor(options = {}) {
    const config = make('config_new');
    try {
      for (const [name, value] of Object.entries(options)) {
        const [n, v] = [str(name), str(value)];
        call('config_set', config, n.data, n.len, v.data, v.len);
      }
      this.#client = make('client_new', config);
      this.#prepared = make('prepared_new');
    } finally {
      c.config_free(config);
    }
  }

  /** Ends the client. Answers that are still being read are counted to their end. */
  close() {
    c.prepared_free(this.#prepared);
    c.client_release(this.#client);
    this.#prepared = this.#client = null;
  }

  /** Says what to send in place of a request, and begins to observe its answer. */
  #begin(request, attempt) {
    const asked = requestOf(request);
    call('client_prepare', this.#client, asked, this.#prepared);
    try {
      const headers = new Headers(request.headers);
      for (const name of list('prepared_headers_to_remove', 'costmark_str', this.#prepared)) {
        headers.delete(text(name));
      }
      for (const field of list('prepared_headers_to_set', 'costmark_header', this.#prepared)) {
        headers.set(text(field.name), text(field.value));
      }
      const body = get('prepared_body', this.#prepared);
      return {
        url: get('prepared_url', this.#prepared).toString() || request.url,
        method: request.method ?? 'POST',
        headers,
        body: body.length === 0 ? undefined : body,
        observation: make('observation_new', this.#client, this.#prepared, attempt),
      };
    } finally {
      c.prepared_clear(this.#prepared); // it has looked at the request's own memory until here
      asked.body = null;
    }
  }

  /**
   * Sends through fetch. Resolves to its Response, which must be read or cancelled, and to a promise
   * of the usage, which is known by then. What the service refuses because of credentials or the
   * time is sent once more where that may help.
   */
  async fetch(request, attempt = 1) {
    const { url, observation, ...init } = this.#begin(request, attempt);
    let response;
    try {
      response = await fetch(url, { ...init, redirect: 'manual', signal: request.signal });
    } catch (error) {
      c.observation_fail(observation, request.signal?.aborted ? CANCELLED : ERROR, null, null, null);
      c.observation_free(observation);
      throw error;
    }
    c.observation_head(observation, {
      struct_size: koffi.sizeof(AnswerHead), http_status: response.status, reserved: 0,
      content_type: str(response.headers.get('content-type')),
      date: str(response.headers.get('date')),
      error_type: str(response.headers.get('x-amzn-errortype')),
    }, null);
    if (attempt === 1 && (response.status === 401 || response.status === 403)) {
      const refusal = Buffer.from(await response.arrayBuffer());
      c.observation_feed(observation, refusal, refusal.length, null, null, null);
      c.observation_finish(observation, null, null, null);
      const again = c.observation_retry_advised(observation);
      const usage = usageOf('observation_usage', observation);
      c.observation_free(observation);
      if (again) return this.fetch(request, attempt + 1);
      return { response: new Response(refusal, response), usage: Promise.resolve(usage) };
    }
    return observed(response, observation);
  }

  /**
   * Sends through the library's own HTTP client, on a thread of Node's pool. Pieces of the answer go
   * to `onPiece` as they come; without it they are gathered in `body`. An answer with a status from
   * 300 on is an error, and its property `answer`.
   */
  async send(request, { onPiece, signal, timeoutMs = 0, maxAttempts = 0 } = {}) {
    const response = make('response_new');
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
    const stop = () => c.cancel_request(cancel);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    const [asked, error] = [requestOf(request), [null]];
    try {
      const status = await promisify(c.client_send.async)(this.#client, asked, {
        struct_size: koffi.sizeof(SendOptions), on_head: null, on_body: callback ?? null,
        user_data: null, cancel, timeout_ms: timeoutMs, max_attempts: maxAttempts, reserved: 0,
      }, response, error);
      const failure = status === 0 ? undefined : new CostmarkError(status, error[0]);
      const answer = {
        status: c.response_http_status(response),
        attempts: c.response_attempts(response),
        body: get('response_body', response),
        usage: usageOf('response_usage', response),
      };
      if (failure !== undefined) throw thrown ?? Object.assign(failure, { answer });
      return answer;
    } finally {
      asked.body = null; // C has looked at the request's own memory until here
      signal?.removeEventListener('abort', stop);
      if (callback) koffi.unregister(callback);
      c.cancel_release(cancel);
      c.response_free(response);
    }
  }
}

/** Passes an answer on, less what the caller did not ask for, and counts it at its end. */
function observed(response, observation) {
  const [data, length] = [[null], [0]];
  let tell;
  const usage = new Promise((resolve) => { tell = resolve; });
  const end = (outcome) => {
    if (outcome === OK) c.observation_finish(observation, data, length, null);
    else c.observation_fail(observation, outcome, data, length, null);
    const held = bytes(data[0], length[0]);
    tell(usageOf('observation_usage', observation));
    c.observation_free(observation);
    return held;
  };
  if (response.body === null) {
    end(OK);
    return { response, usage };
  }
  const reader = response.body.getReader();
  const body = new ReadableStream({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read().catch((error) => {
          end(INCOMPLETE);
          throw error;
        });
        if (!done) c.observation_feed(observation, value, value.length, data, length, null);
        const passed = done ? end(OK) : bytes(data[0], length[0]);
        if (passed.length > 0) controller.enqueue(passed);
        if (done) controller.close();
        if (done || passed.length > 0) return;
      }
    },
    cancel(reason) {
      end(CANCELLED);
      return reader.cancel(reason);
    },
  });
  const headers = new Headers(response.headers);
  headers.delete('content-encoding'); // which fetch has undone
  headers.delete('content-length');
  return { response: new Response(body, { status: response.status, headers }), usage };
}
