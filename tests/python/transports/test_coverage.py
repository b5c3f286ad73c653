"""coverage, and what patch says at once about what it does not cover."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("httpx2")

import httpx
import openai
import requests

import costmark
from harness import MESSAGES, MODEL, Recorder
from transports.libraries import JSON, chat_body
from transports.test_transports import chat_url, host_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    costmark.unpatch()


def port_of(server: Recorder) -> str:
    return server.url.rpartition(":")[2]


def test_coverage_lists_the_hooks(recorder: Recorder) -> None:
    assert {each.state for each in costmark.coverage().hooks} == {"off"}
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    found = costmark.coverage()
    hooks = {each.library: each for each in found.hooks}
    for name in ("openai", "httpx", "httpx2", "requests", "urllib3"):
        assert hooks[name].state == "in force"
        assert hooks[name].version
    assert hooks["httpx"].methods == (
        *("Client._transport_for_url", "AsyncClient._transport_for_url"),
    )
    assert hooks["lm15.transports"].state == "when imported"
    assert found.hosts == (host_of(recorder),)
    assert found.reached == found.not_covered == ()
    requests.post(chat_url(recorder), data=chat_body(MODEL), headers=JSON, timeout=9)
    assert costmark.coverage().reached == (recorder.url,)
    assert "httpx " in str(found)
    assert str(costmark.coverage()).splitlines()[-1] == f"reached: {recorder.url}"


def test_clients_of_sdks_are_reached_too(recorder: Recorder) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    openai.OpenAI(base_url=recorder.base_url, api_key="x").close()
    assert costmark.coverage().reached == (recorder.url,)


def test_a_library_that_is_too_old_is_said_to_be() -> None:
    code = """
import aiohttp, urllib3
del aiohttp.ClientSession.__init__.__kwdefaults__["middlewares"]
urllib3.__version__ = "1.26.20"
import costmark
costmark.patch(hosts=["gateway.internal"])
for each in costmark.coverage().hooks:
    if each.state == "not covered":
        print(each.library, each.why)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["aiohttp", "urllib3"]
    assert "needs aiohttp 3.12 or newer" in done.stdout
    assert "needs urllib3 2.0 or newer" in done.stdout
    assert done.stderr.count("is not covered") == 2


# --- Said at once ---------------------------------------------------------------------------------


def test_localhost_against_127_0_0_1(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    costmark.patch(hosts=[host_of(recorder)], project="proj_a")
    name = f"localhost:{port_of(recorder)}"
    for _ in range(2):
        with openai.OpenAI(base_url=f"http://{name}/v1", api_key="x", max_retries=0) as client:
            client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    assert f"{name} is not covered: costmark.patch() names {host_of(recorder)}" in caplog.text
    assert f"add '{name}' to hosts" in caplog.text
    assert costmark.coverage().not_covered == (name,)
    assert recorder.last.json().get("project_id") is None


def test_a_patch_that_covers_nothing(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    costmark.patch(project="proj_a")
    with httpx.Client() as client:
        client.post(f"{recorder.url}/api/things", json={})
        assert caplog.records == []
        client.post(chat_url(recorder), json={"model": MODEL, "messages": []})
        client.post(chat_url(recorder), json={"model": MODEL, "messages": []})
    assert len(caplog.records) == 1
    assert f"costmark.patch(hosts=['{host_of(recorder)}'])" in caplog.text


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"])
def test_a_base_url_of_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(name, "http://gateway.internal:8080/v1")
    costmark.patch(project="proj_a")
    assert "COSTMARK_HOSTS=gateway.internal:8080" in caplog.text
    caplog.clear()
    costmark.patch(hosts=["gateway.internal:8080"], project="proj_a")
    monkeypatch.setenv("COSTMARK_HOSTS", "gateway.internal:8080")
    costmark.patch(project="proj_a")
    assert costmark.coverage().hosts == ("gateway.internal:8080",)
    assert caplog.records == []


def test_a_later_base_url(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    costmark.patch(hosts=[f"localhost:{port_of(recorder)}"], project="proj_a")
    url = f"http://localhost:{port_of(recorder)}/v1/"
    with openai.OpenAI(base_url=url, api_key="x", max_retries=0) as client:
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
        assert recorder.last.json()["project_id"] == "proj_a"
        assert caplog.records == []
        client.base_url = httpx.URL(f"{recorder.base_url}/")
        client.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert f"{host_of(recorder)} is not covered" in caplog.text


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://api.anthropic.com", "https://x.openai.azure.com"]
)
def test_other_vendors_are_not_spoken_of(url: str, caplog: pytest.LogCaptureFixture) -> None:
    costmark.patch(project="proj_a")
    openai.OpenAI(base_url=url, api_key="x").close()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    with httpx.Client(transport=transport) as client:
        client.post(f"{url}/chat/completions", json={"model": MODEL})
    assert caplog.records == []
    assert costmark.coverage().not_covered == ()


@pytest.mark.parametrize(
    "host",
    [
        "BEDROCK-MANTLE.us-east-1.API.AWS.",
        "bedrock%2dmantle.us-east-1.api.aws",
        "bedrock-mantle%2Eus-east-1%2eapi%2eaws",
        "bedrock-mantle\u3002us-east-1\u3002api\u3002aws",
        "api.openai.com@bedrock-mantle.us-east-1.api.aws",
        "vpce-1.bedrock-mantle.us-east-1.vpce.amazonaws.com",
    ],
)
def test_no_spelling_of_a_host_is_a_way_around(host: str) -> None:
    costmark.patch(unattributed="refuse")
    came: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        came.append(request)
        return httpx.Response(200)

    url = f"https://{host}/v1/chat/completions"
    with httpx.Client(transport=httpx.MockTransport(take)) as client, pytest.raises(costmark.Error):
        client.post(url, content=chat_body(MODEL), headers=JSON)
    assert came == []
