"""What callbacks may do wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import costmark
import preparing
from costmark import _core

URL = "https://gateway.example/v1/chat/completions"
HEADERS = [(b"Content-Type", b"application/json")]
BODY = b'{"model":"m","messages":[]}'
SIGNED = {"auth": "sigv4", "region": "us-east-1", "base_url": "https://gateway.example/v1"}
BEARER = {"auth": "bearer", "base_url": "https://gateway.example/v1"}


def prepare(client: _core.Client) -> preparing.Outgoing:
    return preparing.prepare(client, "POST", URL, HEADERS, BODY)


def in_time(work: Callable[[], object]) -> None:
    """Do it on another thread, which would be left behind if it locked up."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    for error in errors:
        raise error


def test_credentials_that_are_asked_for_by_their_own_source() -> None:
    caught: list[str] = []

    def ask() -> costmark.Credentials:
        with pytest.raises(costmark.CredentialsError) as error:
            prepare(client)
        caught.append(str(error.value))
        return costmark.Credentials("AKIDEXAMPLE", "secret")

    client = _core.Client(SIGNED, credentials=ask)
    in_time(lambda: prepare(client))
    assert len(caught) == 1
    assert "must not call through the client that asks it" in caught[0]


def test_a_token_that_is_half_of_a_character() -> None:
    client = _core.Client(BEARER, bearer_token=lambda: "token-\ud800")
    with pytest.raises(costmark.CredentialsError, match="half of a surrogate pair") as caught:
        prepare(client)
    assert "bearer token callback" in str(caught.value)


@pytest.mark.parametrize("where", ["method", "url", "name", "value"])
def test_text_that_is_half_of_a_character(where: str) -> None:
    client = _core.Client({"project": "proj_a"})
    bad = "x\udfff"
    with pytest.raises(ValueError, match="half of a surrogate pair") as caught:
        client.begin(
            bad if where == "method" else "POST",
            bad if where == "url" else URL,
            [(bad if where == "name" else "a", bad if where == "value" else "b")],
            BODY,
        )
    assert where in str(caught.value)


LISTENERS = ["log", "on_usage", "bearer_token_refused"]


@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_not_swallowed_by_a_listener(
    listener: str, error: type[BaseException]
) -> None:
    def listen(*_: object) -> None:
        raise error("by a listener")

    options = {**BEARER, "project": "proj_a"}
    if listener == "log":
        options = {**BEARER, "unattributed": "warn"}
    listeners: Any = {listener: listen}
    client = _core.Client(options, bearer_token=lambda: "token", **listeners)

    def call() -> None:
        operation = prepare(client).operation
        operation.sent()
        operation.head(401, [(b"x-amzn-errortype", b"ExpiredTokenException")])
        operation.finish()

    with pytest.raises(error, match="by a listener"):
        call()


@pytest.mark.parametrize("listener", LISTENERS)
def test_an_error_in_a_listener_disturbs_no_call(
    listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: unraisable.append(what.exc_type))

    def listen(*_: object) -> None:
        raise LookupError

    options = {**BEARER, "project": "proj_a"}
    if listener == "log":
        options = {**BEARER, "unattributed": "warn"}
    listeners: Any = {listener: listen}
    client = _core.Client(options, bearer_token=lambda: "token", **listeners)
    operation = prepare(client).operation
    operation.sent()
    operation.head(401, [(b"x-amzn-errortype", b"ExpiredTokenException")])
    operation.finish()
    assert set(unraisable) == {LookupError}
