"""The bindings: callbacks, the GIL, lifetimes."""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import costmark
import preparing
from costmark import _core
from preparing import Outgoing

URL = "https://gateway.example/v1/chat/completions"
HEADERS = [(b"Host", b"gateway.example"), (b"Content-Type", b"application/json")]
BODY = b'{"model":"m","messages":[]}'
KEYS = costmark.Credentials("AKIDEXAMPLE", "secret")
SIGNED = {"auth": "sigv4", "region": "us-east-1", "base_url": "https://gateway.example/v1"}


def prepare(client: _core.Client, body: Any = BODY, **more: Any) -> Outgoing:
    return preparing.prepare(client, "POST", URL, HEADERS, body, **more)


def send(client: _core.Client, **more: Any) -> _core.Operation:
    """An operation whose first attempt is on its way."""
    operation = prepare(client, **more).operation
    operation.sent()
    return operation


def test_an_operation_from_its_beginning_to_its_end() -> None:
    client = _core.Client({"project": "proj_client"})
    outgoing = prepare(client, scope="proj_scope")
    operation, decision = outgoing.operation, outgoing.decision
    assert (decision["project"], decision["project_source"]) == ("proj_scope", "scope")
    assert (decision["api"], decision["streamed"]) == ("chat_completions", False)
    assert outgoing.body == b'{"project_id":"proj_scope","model":"m","messages":[]}'
    assert outgoing.header("content-length") == str(len(outgoing.body))
    assert operation.attempts == 0
    operation.sent()
    assert operation.head(200, [(b"Content-Type", b"application/json")]) == (False, 0, 0.0)
    answer = b'{"id":"c","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":2,'
    assert operation.feed(answer) is answer
    operation.feed(b'"completion_tokens":3,"total_tokens":5}}')
    assert operation.finish() == (b"", "done")
    assert operation.report["outcome"] == "ok"
    assert operation.next == ("done", "answered", 0.0)
    assert len(operation.id) == 36
    assert client.usage()["proj_scope"]["output_tokens"] == 3


def test_on_usage_is_told_of_every_attempt() -> None:
    told: list[dict[str, Any]] = []
    client = _core.Client({"project": "proj_a"}, on_usage=told.append)
    operation = send(client)
    operation.head(500)
    operation.finish()
    assert operation.prepare("POST", URL, HEADERS, BODY)
    operation.sent()
    operation.head(200, [(b"x-amzn-RequestId", b"r-1")])
    operation.feed(b'{"id":"c","model":"m-1","usage":{"prompt_tokens":2,"total_tokens":9}}')
    operation.finish()
    assert [(each["attempt"], each["outcome"]) for each in told] == [(1, "error"), (2, "ok")]
    last = told[-1]
    assert last["kind"] == "attempt"
    assert last["operation"] == operation.id
    assert (last["project"], last["project_source"]) == ("proj_a", "client")
    assert (last["requested_model"], last["model"]) == ("m", "m-1")
    assert (last["request_id"], last["response_id"]) == ("r-1", "c")
    assert (last["input_tokens"], last["output_tokens"], last["total_tokens"]) == (2, None, 9)
    assert last["inconsistent"] == bool(last["flags"])
    estimate = (
        "serving",
        "cost_pico",
        "cost_state",
        "cost_flags",
        "price_book",
    )  # made for who is told
    assert (last["serving"], last["cost_state"]) == ("in-region", "unpriced")
    assert last["cost_flags"] == ["tier_assumed", "no_model"]
    assert last == operation.report | {name: last[name] for name in estimate}


def test_what_on_usage_raises_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda each: raised.append(each.exc_value))

    def fail(report: dict[str, Any]) -> None:
        raise ValueError(report["outcome"])

    client = _core.Client({"project": "proj_a"}, on_usage=fail)
    operation = send(client)
    operation.head(200)
    operation.feed(b'{"usage":{"prompt_tokens":2,"completion_tokens":3}}')
    assert operation.finish() == (b"", "done")
    assert [str(each) for each in raised] == ["ok"]
    assert client.usage()["proj_a"]["output_tokens"] == 3


def test_a_dropped_operation_is_told_of() -> None:
    told: list[dict[str, Any]] = []
    client = _core.Client({"project": "proj_a"}, on_usage=told.append)
    operation = send(client)
    del operation
    gc.collect()
    assert [each["outcome"] for each in told] == ["cancelled"]


def test_an_unchanged_body_is_left_alone() -> None:
    outgoing = prepare(_core.Client({"unattributed": "allow"}))
    assert outgoing.headers == HEADERS
    assert not outgoing.body_changed


def test_the_body_stays_pinned_as_long_as_it_is_used() -> None:
    body = bytearray(BODY)
    outgoing: Any = prepare(_core.Client({"unattributed": "allow"}), body)
    with pytest.raises(BufferError):
        body.clear()
    del outgoing
    gc.collect()
    body.clear()


def test_operations_do_not_share_buffers() -> None:
    client = _core.Client({})
    prepared = [prepare(client, scope=f"proj_{number}") for number in range(200)]
    for number, each in enumerate(prepared):
        assert each.decision["project"] == f"proj_{number}"
        assert f'"proj_{number}"'.encode() in each.body


def test_what_is_set_is_not_removed_as_well() -> None:
    client = _core.Client({**SIGNED, "project": "proj_a", "carrier": "body"}, credentials=KEYS)
    given = [
        (b"openai-PROJECT", b"proj_a"),
        (b"AUTHORIZATION", b"Bearer placeholder"),
        (b"content-LENGTH", str(len(BODY)).encode()),
        (b"Content-Type", b"application/json"),
    ]
    operation, _ = client.begin("POST", URL, given, BODY)
    outgoing: Any = operation.prepare("POST", URL, given, BODY)
    fields, body, url, authorized = outgoing
    assert (url, authorized) == (None, True)
    names = [name for name, _ in fields]
    # In their places, under the names that they are set with.
    assert names[:3] == [b"authorization", b"Content-Length", b"Content-Type"]
    assert {b"x-amz-date", b"x-amz-content-sha256"} == set(names[3:])
    assert dict(fields)[b"Content-Length"] == str(len(body)).encode()
    assert fields[2] is given[3]


def test_fields_come_back_in_the_shape_in_which_they_were_given() -> None:
    client = _core.Client({**SIGNED, "project": "proj_a"}, credentials=KEYS)
    kept = (b"Accept", b"accept", b"*/*")
    twice = (b"Authorization", b"authorization", b"Bearer placeholder")
    given = [kept, twice, (b"Content-Type", b"content-type", b"application/json"), twice]
    operation, _ = client.begin("POST", URL, given, BODY)
    outgoing: Any = operation.prepare("POST", URL, given, BODY)
    fields = outgoing[0]
    assert fields[0] is kept
    assert all(lower == name.lower() for name, lower, _ in fields)
    assert [lower for _, lower, _ in fields].count(b"authorization") == 1
    assert fields[1][2].startswith(b"AWS4-HMAC-SHA256 ")
    assert fields[-1] == (b"Content-Length", b"content-length", str(len(outgoing[1])).encode())


def test_the_text_of_a_url_is_asked_for_once() -> None:
    class Url:
        asked = 0

        def __str__(self) -> str:
            self.asked += 1
            return URL

    client, url = _core.Client({"project": "proj_a"}), Url()
    operation, _ = client.begin("POST", url, HEADERS, BODY)
    for _ in range(3):
        assert operation.prepare("POST", url, HEADERS, BODY)
    assert url.asked == 1
    assert operation.prepare("POST", Url(), HEADERS, BODY)


def test_a_head_asks_back_about_an_encoding() -> None:
    operation = send(_core.Client({"project": "proj_a"}))
    headers = [(b"Content-Encoding", b"gzip"), (b"X-Other", b"1"), (b"content-encoding", b"br")]
    assert operation.head(200, headers, None) == "gzip, br"
    assert operation.head(200, headers[1:2], None) == (False, 0, 0.0)


@pytest.mark.parametrize(
    "headers", [{b"Host": b"gateway.example"}, "Host", b"Host", 7, None, iter(HEADERS)]
)
def test_headers_that_are_no_list_are_named(headers: Any) -> None:
    client = _core.Client({"project": "proj_a"})
    said = rf"headers must be a list of \(name, value\) tuples, not {type(headers).__name__}"
    with pytest.raises(TypeError, match=said):
        client.begin("POST", URL, headers, BODY)
    operation = send(client)
    for step in (operation.prepare, operation.beside):
        with pytest.raises(TypeError, match=said):
            step("POST", URL, headers, BODY)
    with pytest.raises(TypeError, match=said):
        operation.head(200, headers)


def test_a_request_that_changed_is_decided_about_again() -> None:
    client = _core.Client({})
    operation, _ = client.begin("POST", URL, HEADERS, BODY, "proj_scope")
    changed = bytearray(BODY)
    for body, project in (
        (BODY, "proj_scope"),
        (b'{"model":"m","project_id":"proj_body"}', "proj_body"),
        (changed, "proj_scope"),
    ):
        assert operation.prepare("POST", URL, HEADERS, body)
        assert operation.decision["project"] == project
    # Its size stays while it is pinned, but its bytes may change.
    changed[BODY.index(b"m", 9)] = ord("o")
    assert operation.prepare("POST", URL, HEADERS, changed)
    assert operation.decision["model"] == "o"


def test_a_list_of_headers_that_changed_is_read_again() -> None:
    client = _core.Client({})
    headers = [*HEADERS, (b"X-Other", b"1")]
    operation, _ = client.begin("POST", URL, headers, BODY, "proj_scope")
    headers[-1] = (b"OpenAI-Project", b"proj_header")
    assert operation.prepare("POST", URL, headers, BODY)
    assert operation.decision["project"] == "proj_header"
    del headers[-1]
    assert operation.prepare("POST", URL, headers, BODY)
    assert operation.decision["project"] == "proj_scope"


def test_nothing_is_sent_unattributed_after_an_error() -> None:
    client = _core.Client({"project": "proj_a"})
    operation, _ = client.begin("POST", URL, HEADERS, BODY)
    for _ in range(2):
        with pytest.raises(costmark.RequestError):
            operation.prepare("POST", URL, HEADERS, b"{")
    outgoing: Any = operation.prepare("POST", URL, HEADERS, BODY)
    assert b"proj_a" in outgoing[1]


def test_a_prepared_request_outlives_the_objects_that_it_was_given() -> None:
    client = _core.Client(SIGNED, credentials=KEYS)
    operation, _ = client.begin("POST", URL + "?a=b", list(HEADERS), bytes(bytearray(BODY)))
    for number in range(50):
        headers = [(f"X-{number}".encode(), b"x" * 100), (b"Content-Type", b"application/json")]
        operation.ready()
        assert operation.prepare("POST", f"{URL}?n={number}", headers, bytearray(BODY))
        headers.clear()
        if number % 10 == 0:
            gc.collect()
    operation.ready()
    assert operation.decision["model"] == "m"


def test_check_is_attribution_alone() -> None:
    client = _core.Client({**SIGNED, "unattributed": "refuse"})
    with pytest.raises(costmark.AttributionError):
        client.check("POST", URL, HEADERS, BODY)
    client.check("POST", URL, HEADERS, BODY, "proj_a")
    with pytest.raises(costmark.CredentialsError):
        _core.Client(SIGNED, environment={}).begin("POST", URL, HEADERS, BODY, "proj_a")


def test_the_environment_may_be_handed_in() -> None:
    environment = {"COSTMARK_PROJECT": "proj_env"}
    assert prepare(_core.Client({}, environment=environment)).decision["project"] == "proj_env"


@pytest.mark.parametrize(
    ("credentials", "mentions"),
    [
        (lambda: None, "NoneType"),
        (lambda: ("AK", "very-secret"), "tuple"),
        (lambda: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_failing_callbacks(credentials: Any, mentions: str) -> None:
    client = _core.Client(SIGNED, credentials=credentials)
    with pytest.raises(costmark.CredentialsError, match=mentions) as caught:
        prepare(client)
    assert "very-secret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, ZeroDivisionError) == (mentions[0] == "Z")


def test_failing_token_callbacks() -> None:
    bearer: dict[str, Any] = {"auth": "bearer", "base_url": "https://gateway.example/v1"}
    for token, mentions in ((lambda: 5, "int"), (lambda: {}["x"], "KeyError")):
        client = _core.Client(bearer, bearer_token=token)  # type: ignore[arg-type]
        with pytest.raises(costmark.CredentialsError, match=mentions):
            prepare(client)
    with pytest.raises(costmark.CredentialsError, match="white space"):
        prepare(_core.Client(bearer, bearer_token=lambda: "a b"))


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interruptions_pass_through_callbacks(kind: type[BaseException]) -> None:
    def interrupted() -> costmark.Credentials:
        raise kind

    client = _core.Client(SIGNED, credentials=interrupted)
    with pytest.raises(kind):
        prepare(client)


def test_callbacks_are_let_go_with_their_client() -> None:
    class Callback:
        def __call__(self, *_: object) -> costmark.Credentials:
            return KEYS

    callback = Callback()
    gone = weakref.ref(callback)
    client = _core.Client(SIGNED, credentials=callback, log=callback)
    operation = send(client)
    del callback, client
    assert gone() is not None
    del operation
    gc.collect()
    assert gone() is None


def test_callbacks_may_be_let_go_on_another_thread() -> None:
    for _ in range(50):
        client = _core.Client(SIGNED, credentials=lambda: KEYS, log=print)
        holder = [send(client)]
        del client
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join()


def test_a_failing_logger_does_no_harm() -> None:
    import sys

    seen = []

    def log(level: int, message: str) -> None:
        raise RuntimeError(message)

    hook, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        assert prepare(_core.Client({}, log=log)).body == BODY
    finally:
        sys.unraisablehook = hook
    assert [type(each.exc_value) for each in seen] == [RuntimeError]


def test_other_threads_run_while_a_large_body_is_signed() -> None:
    client = _core.Client(SIGNED, credentials=KEYS)
    body = b'{"model":"m","messages":["' + b"x" * (64 << 20) + b'"]}'
    ticks, done = [], threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.perf_counter()
    prepare(client, body, scope="proj_a")
    end = time.perf_counter()
    done.set()
    thread.join()
    assert sum(begin < moment < end for moment in ticks) >= 3


def test_a_callback_that_waits_for_another_thread_does_not_lock_up() -> None:
    entered, others = threading.Event(), threading.Event()

    def ask() -> costmark.Credentials:
        entered.set()
        assert others.wait(10)
        return KEYS

    client = _core.Client(SIGNED, credentials=ask)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(prepare, client)
        assert entered.wait(10)
        rest = [pool.submit(prepare, client) for _ in range(3)]
        time.sleep(0.05)
        others.set()
        assert all(future.result().body == BODY for future in [first, *rest])


def test_an_attempt_that_is_dropped_counts_as_cancelled() -> None:
    client = _core.Client({})
    send(client, scope="proj_a")
    assert client.usage()["proj_a"]["incomplete_attempts"] == 1


def test_counters_may_be_shared() -> None:
    counters = _core.UsageCounters()
    for _ in range(2):
        client = _core.Client({}, counters=counters)
        send(client, scope="proj_a").fail("error")
    assert counters.snapshot()["proj_a"]["failed_attempts"] == 2
    counters.reset()
    assert counters.snapshot() == {}


def test_repeated_calls_do_not_grow_the_heap() -> None:
    import tracemalloc

    client = _core.Client(SIGNED, credentials=KEYS)

    def work() -> None:
        for _ in range(200):
            operation = send(client, scope="proj_a")
            operation.head(200, [(b"content-type", b"application/json")])
            operation.feed(b"{}")
            operation.finish()

    work()
    tracemalloc.start()
    work()
    before = tracemalloc.get_traced_memory()[0]
    work()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 2000


@pytest.mark.parametrize(
    "arguments",
    [
        ("POST", URL, HEADERS, "text"),
        ("POST", URL, [(b"one",)], BODY),
        ("POST", URL, [(b"name", 5)], BODY),
        (5, URL, HEADERS, BODY),
        ("POST", URL, HEADERS, BODY, 5),
    ],
)
def test_arguments_of_the_wrong_type(arguments: Any) -> None:
    with pytest.raises(TypeError):
        _core.Client({}).begin(*arguments)


def test_a_wrong_number_of_arguments() -> None:
    client: Any = _core.Client({})
    with pytest.raises(TypeError, match="takes 4 to 9 arguments by place, not 2"):
        client.begin("POST", URL)
    operation: Any = send(client)
    with pytest.raises(TypeError, match="takes 4 to 6 arguments by place, not 7"):
        operation.prepare("POST", URL, HEADERS, BODY, False, False, None)
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        operation.feed(piece=b"{}")


def test_an_operation_that_was_never_made() -> None:
    with pytest.raises(TypeError):
        _core.Operation.__new__(_core.Operation)
    client: Any = _core.Client.__new__(_core.Client)
    with pytest.raises(TypeError, match="never initialized"):
        client.begin("POST", URL, HEADERS, BODY)
    with pytest.raises(TypeError):
        _core.Operation.finish(client)
    with pytest.raises(TypeError, match="a method of operations"):
        _core.Operation.ready(client)
    with pytest.raises(TypeError, match="goes on from is an Operation"):
        _core.Client({}).begin("POST", URL, HEADERS, BODY, None, None, False, client)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https:///v1/chat/completions", "invalid_url"),
        ("gateway.example/v1", "invalid_url"),
        ("ftp://gateway.example/", "invalid_url"),
        ("https://user:hidden@gateway.example/v1", "invalid_url"),
        ("https://gateway.example:0/v1", "invalid_url"),
        ("http://bedrock-mantle.us-east-1.api.aws/v1/responses", "endpoint_mismatch"),
    ],
)
def test_bad_urls(url: str, code: str) -> None:
    with pytest.raises(costmark.Error) as caught:
        _core.Client({}).begin("POST", url, HEADERS, BODY)
    assert caught.value.code == code
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b'{"a":', b"\xff", b'{"a":1}{'])
def test_bad_bodies(body: bytes) -> None:
    with pytest.raises(costmark.RequestError) as caught:
        prepare(_core.Client({"project": "proj_a"}), body)
    assert caught.value.code == "invalid_json"
    assert caught.value.offset is not None
