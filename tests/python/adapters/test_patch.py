"""patch and unpatch."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openai
import pytest

import costmark
from adapters.clients import SIGNED, httpx, plain, plain_async
from harness import CHAT_ANSWER, MESSAGES, MODEL, Emulator, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    before = openai.OpenAI.__init__, openai.AsyncOpenAI.__init__
    yield
    costmark.unpatch()
    assert (openai.OpenAI.__init__, openai.AsyncOpenAI.__init__) == before


def host_of(server: Recorder | Emulator) -> str:
    return server.url.removeprefix("http://")


def is_wrapped(client: Any) -> bool:
    return "_costmark" in vars(client)


def project_sent(recorder: Recorder, client: openai.OpenAI) -> Any:
    client.chat.completions.create(model=MODEL, messages=MESSAGES)
    return recorder.last.json().get("project_id")


def test_clients_of_named_hosts_are_wrapped(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with plain(recorder) as client:
        assert project_sent(recorder, client) == "proj_a"
        assert project_sent(recorder, client.with_options(timeout=9)) == "proj_a"


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://bedrock-mantle.us-east-1.api.aws/v1", True),
        ("https://BEDROCK-runtime.eu-west-1.amazonaws.com/openai/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://bedrock-mantle.us-east-1.api.aws.evil.example/v1", False),
        ("https://gateway.internal/v1", True),
        ("https://gateway.internal:8443/v1", True),
        ("http://localhost:8080/v1", True),
        ("http://localhost:8081/v1", False),
        ("https://my-gateway.internal/v1", False),
        ("http://[::1]:9000/v1", True),
    ],
)
def test_which_clients_are_wrapped(base_url: str, expected: bool) -> None:
    costmark.patch(hosts=("gateway.internal", "localhost:8080", "[::1]:9000"))
    for make in (openai.OpenAI, openai.AsyncOpenAI):
        client: Any = make(base_url=base_url, api_key="x")
        assert is_wrapped(client) == expected


def test_others_stay_untouched(recorder: Recorder) -> None:
    with plain(recorder) as client:
        before = set(vars(client))
        project_sent(recorder, client)
        costmark.patch(project="proj_a")
        with plain(recorder) as other:
            assert set(vars(other)) == before - {"chat"}
            assert type(other._client) is type(client._client)
            assert project_sent(recorder, other) is None
        assert recorder.requests[0].body == recorder.requests[1].body
        assert recorder.requests[0].headers == recorder.requests[1].headers


async def test_asynchronous_clients(bedrock: Emulator, project_a: str) -> None:
    costmark.patch(hosts=host_of(bedrock), **SIGNED)
    async with plain_async(bedrock) as client:
        with costmark.project(project_a):
            call = client.responses.create(model=MODEL, input="Hello")
        await call
    assert [r["project"] for r in bedrock.usage()] == [project_a]


def test_patching_again_replaces(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    costmark.patch(hosts=[host_of(recorder)], project="proj_b")
    with plain(recorder) as client:
        assert project_sent(recorder, client) == "proj_b"
        assert costmark.usage()["proj_b"].attempts == 1


def test_unpatching(recorder: Recorder) -> None:
    costmark.unpatch()
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with plain(recorder) as early:
        costmark.unpatch()
        costmark.unpatch()
        with plain(recorder) as late:
            assert not is_wrapped(late)
            assert project_sent(recorder, late) is None
        assert project_sent(recorder, early) == "proj_a"


def test_what_others_patched_on_top_stays(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    ours, seen = openai.OpenAI.__init__, []

    def theirs(self: Any, **arguments: Any) -> None:
        seen.append(1)
        ours(self, **arguments)

    with monkeypatch.context() as patches:
        patches.setattr(openai.OpenAI, "__init__", theirs)
        costmark.unpatch()
        with plain(recorder) as client:
            assert not is_wrapped(client)
        assert seen == [1]
        patches.undo()
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with plain(recorder) as client:
        assert project_sent(recorder, client) == "proj_a"
        assert costmark.usage()["proj_a"].attempts == 1
    openai.OpenAI.__init__ = openai.OpenAI.__init__.__wrapped__.__wrapped__  # type: ignore[attr-defined,method-assign]


def test_subclasses_and_shared_http_clients(recorder: Recorder) -> None:
    class Mine(openai.OpenAI):
        def __init__(self, **arguments: Any) -> None:
            super().__init__(base_url=recorder.base_url, api_key="x", **arguments)
            self.late = True

    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    with Mine() as client:
        assert client.late
        assert project_sent(recorder, client) == "proj_a"


@pytest.mark.parametrize("host", ["", "http://x", "a b", "x:0", "x:port", "x/y", "user@x"])
def test_bad_hosts(host: str) -> None:
    with pytest.raises(costmark.ConfigurationError, match="hosts"):
        costmark.patch(hosts=[host])


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"project": "a b"}, costmark.AttributionError),
        ({"project": ""}, costmark.AttributionError),
        ({"regoin": "us-east-1"}, costmark.ConfigurationError),
        ({"auth": "magic"}, costmark.ConfigurationError),
        ({"credentials": 5}, TypeError),
        ({"bearer_token": 5}, TypeError),
    ],
)
def test_bad_arguments_are_refused_at_once(
    arguments: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        costmark.patch(**arguments)
    client = openai.OpenAI(base_url="https://bedrock-mantle.us-east-1.api.aws/v1", api_key="x")
    assert not is_wrapped(client)


def test_openai_may_be_imported_later(recorder: Recorder) -> None:
    code = f"""
import costmark
costmark.patch(hosts=[{host_of(recorder)!r}], project="proj_a")
from openai import OpenAI
with OpenAI(base_url={recorder.base_url!r}, api_key="x") as client:
    client.chat.completions.create(model="m", messages=[])
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert recorder.last.json()["project_id"] == "proj_a"


def test_the_client_of_the_module_itself(recorder: Recorder) -> None:
    code = f"""
import costmark, openai
costmark.patch(hosts=[{host_of(recorder)!r}], project="proj_a")
openai.base_url, openai.api_key = {recorder.base_url + "/"!r}, "x"
openai.chat.completions.create(model="m", messages=[])
with costmark.project("proj_b"):
    openai.chat.completions.create(model="m", messages=[])
print({{name: used.attempts for name, used in costmark.usage().items()}})
"""
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert [request.json()["project_id"] for request in recorder.requests] == ["proj_a", "proj_b"]
    assert result.stdout.strip() == b"{'proj_a': 1, 'proj_b': 1}"


# --- Hosts of other vendors -----------------------------------------------------------------------


def answering() -> tuple[Any, list[Any]]:
    """An HTTP client that answers every request by itself, and what it was sent."""
    sent: list[Any] = []

    def answer(request: Any) -> Any:
        sent.append(request)
        return httpx.Response(200, json=CHAT_ANSWER)

    return httpx.Client(transport=httpx.MockTransport(answer)), sent


def chat(client: openai.OpenAI) -> None:
    client.chat.completions.create(model=MODEL, messages=MESSAGES)


def test_another_vendors_host_is_an_error_at_the_first_call() -> None:
    http_client, sent = answering()
    client = costmark.wrap(
        openai.OpenAI(api_key="x", base_url="https://api.openai.com/v1", http_client=http_client),
        project="proj_a",
    )
    for call in (chat, lambda each: each.models.list()):
        with pytest.raises(costmark.ConfigurationError, match="option 'hosts'"):
            call(client)
    assert sent == []
    chat(client.with_options(base_url="https://gateway.example/v1"))
    assert len(sent) == 1


def test_one_that_is_named_is_covered() -> None:
    for how in ("wrap", "patch"):
        http_client, sent = answering()
        if how == "patch":
            costmark.patch(hosts=["api.openai.com"], project="proj_a")
        client = openai.OpenAI(
            api_key="x", base_url="https://api.openai.com/v1", http_client=http_client
        )
        if how == "wrap":
            costmark.wrap(client, hosts=["api.openai.com"], project="proj_a")
        chat(client)
        assert b'"project_id":"proj_a"' in sent[0].content


def test_hosts_are_checked_at_once() -> None:
    with pytest.raises(costmark.ConfigurationError, match="hosts"):
        costmark.patch(hosts=["http://gateway"])
    with pytest.raises(costmark.ConfigurationError, match="'hosts'"):
        costmark.wrap(openai.OpenAI(api_key="x"), hosts="a/b")


# --- Gaps -----------------------------------------------------------------------------------------


def test_gaps_are_counted(recorder: Recorder) -> None:
    costmark.reset_usage()
    with costmark.wrap(plain(recorder), unattributed="allow") as client:
        chat(client)
        client.post("/key/generate", cast_to=object, body={})
        client.models.list()
    assert costmark.request_counts() == costmark.RequestCounts(unattributed=1, unrecognized=1)
    assert recorder.requests[1].header("openai-project") is None
    costmark.reset_usage()
    assert costmark.request_counts() == costmark.RequestCounts()
