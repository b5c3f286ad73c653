"""Libraries that are imported twice: taken out of `sys.modules`, reloaded, or past the finders."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("httpx2")

from transports.test_transports import chat_url, host_of

if TYPE_CHECKING:
    from harness import Recorder

PROGRAM = """
import asyncio, importlib, importlib.util, sys
import costmark, {names}
costmark.patch(hosts=[{host!r}], project="proj_p")
url, body = {url!r}, {{"model": "m", "messages": []}}

def forget(*names):
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]

async def with_httpx(httpx):
    async with httpx.AsyncClient() as client:
        await client.post(url, json=body)

async def with_aiohttp(aiohttp):
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        await answer.json()

def chat(openai):
    with openai.OpenAI(base_url={base_url!r}, api_key="x", max_retries=0) as client:
        client.chat.completions.create(**body)

{steps}
print(costmark.usage()["proj_p"].attempts, [
    f"{{each.library}}: {{each.state}}" for each in costmark.coverage().hooks
    if each.library in sys.modules and each.state != "in force"
])
"""

CASES = {
    "httpx": """
old = httpx
forget("httpx")
import httpx
for each in (old, httpx):
    each.post(url, json=body)
    asyncio.run(with_httpx(each))
    with each.Client() as client:
        costmark.wrap(client, project="proj_p").post(url, json=body)
""",
    "aiohttp": """
old = aiohttp
forget("aiohttp")
import aiohttp
for each in (old, aiohttp):
    asyncio.run(with_aiohttp(each))
""",
    "urllib3": """
old = urllib3
forget("urllib3")
import urllib3
for each in (old, urllib3):
    each.request("POST", url, json=body)
""",
    "requests": """
old = requests
forget("requests", "urllib3")
import requests
for each in (old, requests):
    each.post(url, json=body, timeout=9)
""",
    "openai": """
chat(openai)
forget("openai")
import openai
chat(openai)
""",
    "httpx, aiohttp, urllib3, requests": """
for name in ("httpx._client", "httpx", "aiohttp.client", "aiohttp", "urllib3.connectionpool"):
    importlib.reload(sys.modules[name])
for name in ("urllib3.poolmanager", "urllib3", "requests.sessions", "requests"):
    importlib.reload(sys.modules[name])
with httpx.Client() as client:
    client.post(url, json=body)
asyncio.run(with_httpx(httpx))
asyncio.run(with_aiohttp(aiohttp))
urllib3.request("POST", url, json=body)
requests.Session().post(url, json=body, timeout=9)
""",
}


def run(recorder: Recorder, names: str, steps: str) -> str:
    of = {"host": host_of(recorder), "url": chat_url(recorder), "base_url": recorder.base_url}
    program = PROGRAM.format(names=names, steps=steps, **of)
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.mark.parametrize("names", CASES)
def test_every_copy_is_covered(names: str, recorder: Recorder) -> None:
    told = run(recorder, names, CASES[names])
    sent = len(recorder.requests)
    assert told == f"{sent} []\n"
    assert sent >= 2
    assert [each.json()["project_id"] for each in recorder.requests] == ["proj_p"] * sent


def test_a_copy_that_nobody_told_of_is_said_to_be_uncovered(recorder: Recorder) -> None:
    told = run(
        recorder,
        "urllib3",
        """
forget("urllib3")
finder = sys.meta_path.pop(0)
import urllib3
why = next(each.why for each in costmark.coverage().hooks if each.library == "urllib3")
assert "imported again, past the import system" in why, why
assert "call costmark.patch() again" in why
costmark.patch(hosts=[{host!r}], project="proj_p")
urllib3.request("POST", url, json=body)
""".replace("{host!r}", repr(host_of(recorder))),
    )
    assert told == "1 []\n"
