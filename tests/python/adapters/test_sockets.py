"""WebSockets of the OpenAI SDK, against a real server of the package `websockets`.

What the server saw decides: no handshake came under a policy; otherwise each one named its project.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import openai
import pytest

pytest.importorskip("websockets")

from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.server import serve

import costmark
from adapters.clients import CREDENTIALS, MAJOR
from costmark._client.core_client import CoreClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESPONSE_USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 20},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 37,
}
REALTIME_USAGE = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {"text_tokens": 119, "audio_tokens": 13, "cached_tokens": 64},
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}


def ended(kind: str, identifier: str, usage: object, **members: object) -> str:
    response = {"id": identifier, "object": "response", "usage": usage, **members}
    return json.dumps({"type": kind, "event_id": "event_1", "response": response})


@dataclass
class SocketServer:
    """Keeps every handshake; sends its events after the first message, then ends the session."""

    url: str = ""
    handshakes: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    redirect: str | None = None  # where to send the first handshake
    status: int | None = None  # to answer each handshake with

    def anew(self) -> SocketServer:
        self.handshakes.clear()
        self.events, self.redirect, self.status = [], None, None
        return self

    def on_request(self, connection: Any, request: Any) -> Any:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        self.handshakes.append((request.path, headers))
        if self.redirect is not None:
            answer = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
            answer.headers["Location"], self.redirect = self.redirect, None
            return answer
        return None if self.status is None else connection.respond(HTTPStatus(self.status), "no")

    def on_session(self, connection: Any) -> None:
        connection.recv()
        for event in self.events:
            connection.send(event)


@contextlib.contextmanager
def run_server() -> Iterator[SocketServer]:
    recorder = SocketServer()
    with serve(recorder.on_session, "127.0.0.1", 0, process_request=recorder.on_request) as server:
        recorder.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def _servers() -> Iterator[tuple[SocketServer, SocketServer]]:
    with run_server() as one, run_server() as other:
        yield one, other


@pytest.fixture
def server(_servers: tuple[SocketServer, SocketServer]) -> SocketServer:
    return _servers[0].anew()


@pytest.fixture
def elsewhere(_servers: tuple[SocketServer, SocketServer]) -> SocketServer:
    return _servers[1].anew()


def realtime(client: Any, **options: Any) -> Any:
    return client.realtime.connect(model="gpt-realtime", **options)


def beta_realtime(client: Any, **options: Any) -> Any:
    return client.beta.realtime.connect(model="gpt-realtime", **options)


def translations(client: Any, **options: Any) -> Any:
    return client.realtime.translations.connect(model="gpt-realtime", **options)


def responses(client: Any, **options: Any) -> Any:
    return client.responses.connect(**options)


def beta_responses(client: Any, **options: Any) -> Any:
    return client.beta.responses.connect(**options)


def live(client: Any, **options: Any) -> Any:
    return client.live.connect(**options)


def fork(client: Any, **options: Any) -> Any:
    return client.live.forks.connect(session_id="sess_1", **options)


def sideband(client: Any, **options: Any) -> Any:
    return client.live.sideband.connect(session_id="sess_1", **options)


_SINCE = {
    realtime: 1,
    beta_realtime: 1,
    responses: 2,
    beta_responses: 2,
    translations: 3,
    live: 3,
    fork: 3,
    sideband: 3,
}
each = pytest.mark.parametrize(
    "open_", [opens for opens, major in _SINCE.items() if major <= MAJOR], ids=lambda f: f.__name__
)
both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def client_for(server: SocketServer, asynchronous: bool = False, **options: Any) -> Any:
    cls = openai.AsyncOpenAI if asynchronous else openai.OpenAI
    base_url = server.url.replace("ws://", "http://") + "/v1"
    return cls(
        base_url=base_url, websocket_base_url=server.url + "/v1", api_key="unused", **options
    )


async def talk(manager: Any, asynchronous: bool) -> list[str]:
    """Open a session, say a word, and return the types of all events until its end."""
    types = []
    if asynchronous:
        async with manager as connection:
            await connection._connection.send('{"type":"response.create"}')
            with contextlib.suppress(Exception):
                while True:
                    types.append(json.loads(await connection.recv_bytes())["type"])
        return types
    with manager as connection:
        connection._connection.send('{"type":"response.create"}')
        with contextlib.suppress(Exception):
            while True:
                types.append(json.loads(connection.recv_bytes())["type"])
    return types


# --- Policies -------------------------------------------------------------------------------------


def test_a_client_is_unwrapped_while_a_socket_is_asked_for(server: SocketServer) -> None:
    client = costmark.wrap(client_for(server), project="proj_a", unattributed="refuse")
    connect = client.realtime.connect  # as a thread has it that goes on after another one's unwrap
    costmark.unwrap(client)
    with connect(model="gpt-realtime"):
        pass
    assert [headers.get("openai-project") for _, headers in server.handshakes] == [None]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "policy",
    [{"unattributed": "refuse"}, {"allowed_projects": ["proj_*"]}, {"conflict": "override"}],
    ids=["refuse", "allowed_projects", "override"],
)
@both
@each
async def test_a_policy_refuses_it_before_the_handshake(
    server: SocketServer, open_: Callable[..., Any], asynchronous: bool, policy: dict[str, Any]
) -> None:
    client = costmark.wrap(client_for(server, asynchronous), project="proj_a", **policy)
    with pytest.raises(costmark.AttributionError, match="opens a WebSocket"):
        open_(client)
    assert server.handshakes == []


def test_nothing_is_even_connected_under_a_policy() -> None:
    client = openai.OpenAI(
        base_url="http://127.0.0.1:1/v1", websocket_base_url="ws://127.0.0.1:1/v1", api_key="unused"
    )
    with pytest.raises(costmark.AttributionError, match="WebSocket"):
        realtime(costmark.wrap(client, project="proj_a", unattributed="refuse"))


@both
def test_a_copy_and_a_patched_client_are_refused_as_well(
    server: SocketServer, asynchronous: bool
) -> None:
    wrapped = costmark.wrap(client_for(server, asynchronous), unattributed="refuse")
    with pytest.raises(costmark.AttributionError, match="WebSocket"):
        realtime(wrapped.with_options(timeout=9))
    costmark.patch(hosts=["127.0.0.1"], project="proj_a", unattributed="refuse")
    try:
        with pytest.raises(costmark.AttributionError, match="WebSocket"):
            realtime(client_for(server, asynchronous))
    finally:
        costmark.unpatch()
    assert server.handshakes == []


@pytest.mark.anyio
async def test_sessions_that_a_user_declares_free_pass(server: SocketServer) -> None:
    client = costmark.wrap(
        client_for(server), unattributed="refuse", free_routes=["*/realtime"], auth="none"
    )
    await talk(realtime(client), False)
    assert len(server.handshakes) == 1


# --- The handshake --------------------------------------------------------------------------------


@pytest.mark.anyio
@both
@each
async def test_the_handshake_names_the_project_of_the_call(
    server: SocketServer, open_: Callable[..., Any], asynchronous: bool
) -> None:
    client = costmark.wrap(client_for(server, asynchronous), project="proj_client")
    with costmark.project("proj_scope"):
        manager = open_(client)
    await talk(manager, asynchronous)
    await talk(open_(client), asynchronous)
    assert [headers["openai-project"] for _, headers in server.handshakes] == [
        "proj_scope",
        "proj_client",
    ]


@pytest.mark.anyio
@both
async def test_the_call_names_its_project_itself(server: SocketServer, asynchronous: bool) -> None:
    client = costmark.wrap(
        client_for(server, asynchronous, project="proj_constructor", organization="org_1")
    )
    with costmark.project("proj_scope"):
        scoped = realtime(client)
        named = realtime(client, extra_headers={"OpenAI-Project": "proj_call"})
    for manager in (scoped, named, realtime(client)):
        await talk(manager, asynchronous)
    assert [headers["openai-project"] for _, headers in server.handshakes] == [
        "proj_scope",
        "proj_call",
        "proj_constructor",
    ]


@pytest.mark.anyio
async def test_a_project_that_is_none_opens_nothing(server: SocketServer) -> None:
    client = costmark.wrap(client_for(server))
    with pytest.raises(costmark.AttributionError):
        await talk(realtime(client, extra_headers={"OpenAI-Project": "not a project"}), False)
    assert server.handshakes == []


@pytest.mark.anyio
@both
async def test_it_is_signed_once_and_in_the_form_that_is_sent(
    server: SocketServer, asynchronous: bool
) -> None:
    client = costmark.wrap(
        client_for(server, asynchronous),
        project="proj_a",
        auth="sigv4",
        region="us-east-1",
        credentials=CREDENTIALS,
    )
    await talk(realtime(client, extra_query={"x": "a b"}), asynchronous)
    path, headers = server.handshakes[0]
    assert "x=a%20b" in path
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert "openai-project" in headers["authorization"]
    assert headers["host"] == server.url.removeprefix("ws://")


@pytest.mark.anyio
@both
async def test_what_is_not_wrapped_stays_as_it_is(server: SocketServer, asynchronous: bool) -> None:
    client = costmark.wrap(client_for(server, asynchronous), project="proj_a")
    await talk(realtime(costmark.unwrap(client)), asynchronous)
    await talk(realtime(client_for(server, asynchronous)), asynchronous)
    assert all("openai-project" not in headers for _, headers in server.handshakes)


@pytest.mark.anyio
async def test_a_redirect_within_the_origin_is_prepared_again(server: SocketServer) -> None:
    server.redirect = "/v1/realtime?model=other"
    client = costmark.wrap(client_for(server, True), project="proj_a")
    await talk(realtime(client), True)
    assert [headers["openai-project"] for _, headers in server.handshakes] == ["proj_a"] * 2


@pytest.mark.anyio
async def test_a_redirect_to_another_origin_is_refused(
    server: SocketServer, elsewhere: SocketServer
) -> None:
    server.redirect = elsewhere.url + "/v1/realtime"
    client = costmark.wrap(client_for(server, True), project="proj_a")
    with pytest.raises(Exception, match=r"origin|make a client for that endpoint"):
        await talk(realtime(client), True)
    assert elsewhere.handshakes == []


@pytest.mark.anyio
@both
async def test_a_refused_handshake_stays_the_error_of_websockets(
    server: SocketServer, asynchronous: bool
) -> None:
    server.status = 401
    client = costmark.wrap(client_for(server, asynchronous), project="proj_a")
    with pytest.raises(InvalidStatus):
        await talk(realtime(client), asynchronous)


@pytest.mark.anyio
async def test_a_connection_class_of_the_caller_is_kept(server: SocketServer) -> None:
    class Own(ClientConnection):
        opened = 0

        def handshake(self, *args: Any, **kwargs: Any) -> None:
            Own.opened += 1
            super().handshake(*args, **kwargs)

    client = costmark.wrap(client_for(server), project="proj_a")
    options: Any = {"websocket_connection_options": {"create_connection": Own}}
    await talk(realtime(client, **options), False)
    assert Own.opened == 1
    assert server.handshakes[0][1]["openai-project"] == "proj_a"
    options["websocket_connection_options"]["create_connection"] = lambda *_: None
    with pytest.raises(TypeError, match="takes a class"):
        realtime(client, **options)


@pytest.mark.skipif(MAJOR < 2, reason="openai 1 does not reconnect")
@pytest.mark.anyio
async def test_a_reconnection_names_its_project_as_well(server: SocketServer) -> None:
    client = costmark.wrap(client_for(server), project="proj_a")
    manager = realtime(client)
    manager.enter().close()
    manager._connect_ws({}, {"OpenAI-Project": "proj_b"}).close()
    assert [headers["openai-project"] for _, headers in server.handshakes] == ["proj_a", "proj_b"]


# --- Usage ----------------------------------------------------------------------------------------


@pytest.fixture
def _from_zero() -> None:
    costmark.reset_usage()


@pytest.mark.usefixtures("_from_zero")
@pytest.mark.anyio
@pytest.mark.skipif(MAJOR < 2, reason="openai 1 has no Responses WebSocket")
@both
async def test_each_response_of_a_session_counts(server: SocketServer, asynchronous: bool) -> None:
    created = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}
    server.events = [
        json.dumps(created),
        json.dumps({"type": "response.output_text.delta", "delta": '"response.completed"'}),
        ended("response.completed", "resp_1", RESPONSE_USAGE, status="completed", model="m"),
        ended("response.failed", "resp_2", None, status="failed", model="m"),
        json.dumps({**created, "response": {"id": "resp_3"}}, indent=1),
    ]
    client = costmark.wrap(client_for(server, asynchronous), project="proj_a")
    types = await talk(responses(client), asynchronous)
    assert len(types) == 5
    used = costmark.usage()["proj_a"]
    assert (used.operations, used.attempts) == (3, 3)
    assert (used.failed_attempts, used.incomplete_attempts) == (1, 1)
    assert (used.input_tokens, used.cached_input_tokens) == (30, 20)
    assert (used.output_tokens, used.reasoning_tokens) == (7, 5)


@pytest.mark.usefixtures("_from_zero")
@pytest.mark.anyio
@both
async def test_realtime_reports_its_usage_in_its_own_words(
    server: SocketServer, asynchronous: bool
) -> None:
    server.events = [ended("response.done", "resp_1", REALTIME_USAGE, status="completed")] * 2
    client = costmark.wrap(client_for(server, asynchronous), project="proj_a")
    await talk(realtime(client), asynchronous)
    used = costmark.usage()["proj_a"]
    assert (used.operations, used.input_tokens, used.output_tokens) == (2, 264, 242)
    assert used.cached_input_tokens == 128


@pytest.mark.usefixtures("_from_zero")
@pytest.mark.anyio
async def test_what_cannot_be_read_disturbs_nobody(
    server: SocketServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.events = [
        '{"type":"response.done"',
        '{"type":"response.done","response":7}',
        ended("response.done", "resp_1", REALTIME_USAGE),
    ]
    client = costmark.wrap(client_for(server), project="proj_a")
    manager = realtime(client)

    def fail(*_: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(CoreClient, "begin_apart", fail)
    received = []
    with manager as connection:
        connection._connection.send("{}")
        with contextlib.suppress(Exception):
            while True:
                received.append(connection._connection.recv())
    assert received == server.events
    assert "was not counted" in caplog.text
