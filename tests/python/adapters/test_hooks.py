"""What is checked is what is sent: hooks, redirects, extensions and bodies that change a request.

Under a policy each of these calls is refused, or it names its project in what the server received.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

import costmark
from adapters.clients import create_project, httpx, signed
from harness import MESSAGES, MODEL, Emulator, Received, Recorder, answer_json, run_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
BODY = b'{"model":"openai.gpt-oss-20b","messages":[{"role":"user","content":"Hello"}]}'
OTHER = BODY.replace(b"{", b'{"project_id":"proj_other",', 1)
JSON = {"content-type": "application/json", "authorization": "Bearer ABSKEXAMPLE"}

both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@pytest.fixture(scope="module")
def _process() -> Iterator[Emulator]:
    with run_emulator("--lenient") as emulator:
        yield emulator


@pytest.fixture
def lenient(_process: Emulator) -> Emulator:
    for what in ("usage", "requests"):
        _process.fetch(f"/_emulator/{what}", method="DELETE")
    return _process


@pytest.fixture(scope="module")
def paying(_process: Emulator) -> str:
    with signed(_process) as client:
        return create_project(client, "hooks")


def http_client(hook: Callable[[Any], None] | None, asynchronous: bool) -> Any:
    async def hook_async(request: Any) -> None:
        if hook is not None:
            hook(request)

    if asynchronous:
        hooks = {"request": [hook_async]}
        return openai.DefaultAsyncHttpxClient(event_hooks=hooks, follow_redirects=True)
    hooks_: Any = {} if hook is None else {"request": [hook]}
    return openai.DefaultHttpxClient(event_hooks=hooks_, follow_redirects=True)


def client_with(
    server: Any, hook: Callable[[Any], None] | None, asynchronous: bool = False, **options: Any
) -> Any:
    cls = openai.AsyncOpenAI if asynchronous else openai.OpenAI
    plain = cls(
        base_url=server.base_url,
        api_key="ABSKEXAMPLE",
        max_retries=0,
        http_client=http_client(hook, asynchronous),
    )
    return costmark.wrap(plain, **{"unattributed": "refuse", "auth": "none", **options})


async def attempt(client: Any, path: str = "/chat/completions") -> bool:
    """Whether a call was refused by costmark; what a server says to it does not matter."""
    try:
        result = client.post(path, body=CHAT, cast_to=object)
        if isinstance(client, openai.AsyncOpenAI):
            await result
    except costmark.Error:
        return True
    except openai.APIError as error:  # older SDKs put theirs around what a transport raises
        return isinstance(error.__cause__, costmark.Error)
    finally:
        closing = client.close()
        if isinstance(client, openai.AsyncOpenAI):
            await closing
    return False


def unattributed(emulator: Emulator) -> int:
    return sum(each["project"] == "default" for each in emulator.usage())


# --- Event hooks ----------------------------------------------------------------------------------


def to_chat(request: Any) -> None:
    request.url = request.url.copy_with(path="/v1/chat/completions")
    request.method = "POST"
    put_body(request, BODY)


def put_body(request: Any, body: bytes) -> None:
    """Replace what is sent, and leave what was read of the old body."""
    request.stream = httpx.ByteStream(body)
    request.headers["content-length"] = str(len(body))
    request.headers["content-type"] = "application/json"


def put_generator(request: Any) -> None:
    request.headers.pop("content-length", None)
    request.headers["transfer-encoding"] = "chunked"
    request.headers["content-type"] = "application/json"

    class Once(httpx.SyncByteStream, httpx.AsyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Any:
            yield BODY

        async def __aiter__(self) -> Any:
            yield BODY

    request.stream = Once()
    request.url = request.url.copy_with(path="/v1/chat/completions")


def put_target(request: Any) -> None:
    request.extensions = {**request.extensions, "target": b"/v1/chat/completions"}


HOOKS = [to_chat, put_generator, put_target]


@both
@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
async def test_a_free_request_that_a_hook_makes_spend_is_refused(
    lenient: Emulator, hook: Callable[[Any], None], asynchronous: bool
) -> None:
    client = client_with(lenient, hook, asynchronous)
    assert await attempt(client, "/responses/input_tokens")
    assert lenient.requests() == []


@both
@pytest.mark.parametrize("hook", [to_chat, put_target], ids=lambda hook: hook.__name__)
async def test_with_a_project_it_is_prepared_again(
    lenient: Emulator, paying: str, hook: Callable[[Any], None], asynchronous: bool
) -> None:
    client = client_with(lenient, hook, asynchronous, project=paying)
    assert not await attempt(client, "/responses/input_tokens")
    (record,) = lenient.usage()
    assert record["project"] == paying


@both
async def test_a_body_that_a_hook_replaces_is_the_one_that_is_read(
    recorder: Recorder, asynchronous: bool
) -> None:
    client = client_with(recorder, lambda request: put_body(request, OTHER), asynchronous)
    with costmark.project("proj_scope"):
        assert not await attempt(client)
    assert recorder.last.body == OTHER, "the request itself names a project"
    strict = client_with(
        recorder,
        lambda request: put_body(request, OTHER),
        asynchronous,
        allowed_projects=["proj_scope"],
        project="proj_scope",
    )
    assert await attempt(strict)
    assert len(recorder.requests) == 1


def test_a_body_that_a_hook_replaces_is_edited_and_signed(lenient: Emulator, paying: str) -> None:
    body = BODY.replace(b"Hello", b"Good morning, and how are you today?")
    client = client_with(
        lenient,
        lambda request: put_body(request, body),
        auth="sigv4",
        region="us-east-1",
        credentials=costmark.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        project=paying,
    )
    client.chat.completions.create(**CHAT)
    (sent,) = lenient.requests()
    assert "Good morning" in sent["body"]
    assert paying in sent["body"]
    assert (sent["status"], lenient.usage()[0]["signed_by"]) == (200, "sigv4")


# --- The extension `target` -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", [b"/v1/chat/completions", "/v1/chat/completions", b"//v1/CHAT/completions"]
)
def test_a_target_below_the_sdk_is_the_path(lenient: Emulator, paying: str, target: Any) -> None:
    def send(client: Any) -> Any:
        url = f"{lenient.base_url}/models"
        extensions = {"target": target}
        return client._client.post(url, content=BODY, headers=JSON, extensions=extensions)

    with pytest.raises(costmark.AttributionError):
        send(client_with(lenient, None))
    assert lenient.requests() == []
    assert send(client_with(lenient, None, project=paying)).status_code == 200
    assert [each["project"] for each in lenient.usage()] == [paying]


@pytest.mark.parametrize("target", [b"*", b"http://127.0.0.1:1/v1/models", b"", 7])
def test_a_target_that_is_no_path_is_refused(lenient: Emulator, paying: str, target: Any) -> None:
    client = client_with(lenient, None, project=paying)
    with pytest.raises(costmark.RequestError, match="'target' is no path"):
        client._client.post(
            f"{lenient.base_url}/models", content=BODY, headers=JSON, extensions={"target": target}
        )
    assert lenient.requests() == []


# --- Redirects ------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_free_request_that_is_redirected_to_a_spending_one_is_refused(
    recorder: Recorder, status: int, asynchronous: bool
) -> None:
    def answer(handler: Any, request: Received) -> None:
        if request.path.endswith("/input_tokens"):
            handler.send_response(status)
            handler.send_header("location", "/v1/chat/completions")
            handler.send_header("content-length", "0")
            handler.end_headers()
        else:
            answer_json(handler, {"id": "x"})

    recorder.answer = answer
    client = client_with(recorder, None, asynchronous)
    refused = await attempt(client, "/responses/input_tokens")
    spent = [each for each in recorder.requests if each.method == "POST" and "chat" in each.path]
    assert spent == []
    assert refused == (status in (307, 308)), "the others become a GET, which spends nothing"


@both
async def test_a_redirect_to_another_host_is_refused(
    recorder: Recorder, lenient: Emulator, paying: str, asynchronous: bool
) -> None:
    def answer(handler: Any, _: Received) -> None:
        handler.send_response(307)
        handler.send_header("location", f"{lenient.base_url}/chat/completions")
        handler.send_header("content-length", "0")
        handler.end_headers()

    recorder.answer = answer
    client = client_with(recorder, None, asynchronous, project=paying)
    assert await attempt(client)
    assert lenient.requests() == []


@both
async def test_nothing_of_all_this_reached_the_default_project(
    lenient: Emulator, asynchronous: bool
) -> None:
    for hook in HOOKS:
        for path in ("/responses/input_tokens", "/conversations", "/files/f_1"):
            await attempt(client_with(lenient, hook, asynchronous), path)
    assert unattributed(lenient) == 0
