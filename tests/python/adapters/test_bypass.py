"""Attempts to get a request past costmark without a project, each against a lenient emulator.

tests/conformance/bypass.json has them. What the emulator itself recorded decides: a request was
refused and never came, or it came with its project.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from adapters.clients import create_project, plain, signed
from bypass import TABLE, body_of, payer
from costmark import _core
from harness import Emulator, run_emulator
from preparing import as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a request is; tests/conformance makes those of odd hosts as well.
_ATTEMPTS: list[dict[str, Any]] = [
    attempt for attempt in TABLE["attempts"] if not {"does", "redirect", "signed"} & attempt.keys()
]
_KEY = ("authorization", "Bearer ABSKEXAMPLE")

each = pytest.mark.parametrize("attempt", _ATTEMPTS, ids=[each["name"] for each in _ATTEMPTS])
Pairs = list[tuple[str, str]]


def headers_of(attempt: dict[str, Any]) -> Pairs:
    return [*((name, value) for name, value in attempt["headers"]), _KEY]


@pytest.fixture(scope="module")
def _lenient_process() -> Iterator[Emulator]:
    with run_emulator("--lenient") as emulator:
        yield emulator


@pytest.fixture
def lenient(_lenient_process: Emulator) -> Emulator:
    """An emulator that reads requests as the most lenient server would."""
    for what in ("usage", "requests"):
        _lenient_process.fetch(f"/_emulator/{what}", method="DELETE")
    return _lenient_process


@pytest.fixture(scope="module")
def paying(_lenient_process: Emulator) -> str:
    with signed(_lenient_process) as client:
        return create_project(client, "bypass")


def send(emulator: Emulator, attempt: dict[str, Any], headers: Pairs, body: bytes) -> int:
    """Send a request byte for byte, without an HTTP client that knows better."""
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    try:
        connection.putrequest(attempt["method"], attempt["path"], skip_accept_encoding=True)
        for name, value in [*headers, ("content-length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def without_length(fields: list[tuple[str | bytes, str | bytes]]) -> Pairs:
    pairs = [(as_bytes(name).decode(), as_bytes(value).decode()) for name, value in fields]
    return [(name, value) for name, value in pairs if name.lower() != "content-length"]


def payers(emulator: Emulator) -> list[str]:
    """The projects that the emulator's records name: of its usage, or of what it does not serve."""
    counted: list[str] = [record["project"] for record in emulator.usage()]
    if counted:
        return counted
    return [payer(request) for request in emulator.requests()]


@each
def test_the_attempt_counts_where_nobody_stops_it(
    lenient: Emulator, attempt: dict[str, Any]
) -> None:
    send(lenient, attempt, headers_of(attempt), body_of(attempt))
    assert len(lenient.usage()) == int(attempt.get("served", True))
    assert payers(lenient) == ["default"]


@pytest.mark.parametrize("endpoint", ["custom", "mantle"])
@each
def test_the_core_refuses_or_attributes(
    lenient: Emulator, paying: str, attempt: dict[str, Any], endpoint: str
) -> None:
    client = _core.Client(
        {"unattributed": "refuse", "endpoint": endpoint, "auth": "none"}, environment={}
    )
    headers, body = headers_of(attempt), body_of(attempt)
    request = (attempt["method"], lenient.url + attempt["path"], headers, body)
    with pytest.raises((costmark.AttributionError, costmark.RequestError)):
        client.begin(*request)
    refused: costmark.Error | None = None
    try:
        operation, _ = client.begin(*request, paying)
        outgoing: Any = operation.prepare(*request)
    except costmark.Error as error:
        refused = error
    else:
        fields, changed, url, _ = outgoing
        assert url is None
        kept = headers if fields is None else without_length(fields)
        send(lenient, attempt, kept, changed or body)
    assert payers(lenient) == ([] if refused else [paying])
    if not attempt.get("carrier", True):
        assert refused is not None


@each
def test_the_transport_refuses_or_attributes(
    lenient: Emulator, paying: str, attempt: dict[str, Any]
) -> None:
    def call(client: Any) -> None:
        client._client.request(
            attempt["method"],
            lenient.url + attempt["path"],
            headers=headers_of(attempt),
            content=body_of(attempt),
        )

    with costmark.wrap(plain(lenient), unattributed="refuse") as client:
        with pytest.raises(costmark.Error):
            call(client)
        assert lenient.requests() == []
        refused = False
        try:
            with costmark.project(paying):
                call(client)
        except costmark.Error:
            refused = True
    assert payers(lenient) == ([] if refused else [paying])


def test_most_attempts_are_attributed_and_not_only_refused(paying: str) -> None:
    client = _core.Client({"unattributed": "refuse", "auth": "none"}, environment={})

    def passes(attempt: dict[str, Any]) -> bool:
        url = f"http://gateway.example{attempt['path']}"
        try:
            client.begin(attempt["method"], url, headers_of(attempt), body_of(attempt), paying)
        except costmark.Error:
            return False
        return True

    assert sum(map(passes, _ATTEMPTS)) > 0.7 * len(_ATTEMPTS)
