"""Signing failures that others have met on Bedrock, each with where it was reported.

The verifier is the emulator's: it calculates with botocore over what arrived, and refuses a
signature over a header that the service's front door consumes.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

pytest.importorskip("botocore.auth")

import costmark
from adapters.clients import CREDENTIALS, SIGNED, httpx, plain, signed
from botocore_verifier import Keys, Sent, send, verdict
from costmark import _core
from harness import (
    ACCESS_KEY_ID,
    MESSAGES,
    MODEL,
    REGION,
    SECRET_ACCESS_KEY,
    Emulator,
    Recorder,
    answer_json,
)
from preparing import prepare

CHAT: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}
MANTLE = "https://bedrock-mantle.us-east-1.api.aws"
RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com"
STALE = {
    "x-amz-date": "20200101T000000Z",
    "x-amz-security-token": "stale",
    "x-amz-content-sha256": "0" * 64,
}
KEYS = Keys()
RUNTIME_SCOPE = ("us-east-1", "bedrock")
OTHER_KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def value_of(entry: dict[str, Any], wanted: str) -> str:
    (value,) = (value for name, value in entry["headers"] if name == wanted)
    return str(value)


def signed_names(entry: dict[str, Any]) -> list[str]:
    names = value_of(entry, "authorization").split("SignedHeaders=")[1].split(",")[0]
    return names.split(";")


def header_names(entry: dict[str, Any]) -> list[str]:
    return [name for name, _ in entry["headers"]]


# --- openai-python #3563, #3567: 401 because `Connection: keep-alive` was signed ------------------


@pytest.mark.parametrize(
    "hop_by_hop",
    [
        {"Connection": "keep-alive"},
        {"Connection": "close, x-hop", "X-Hop": "1"},
        {"TE": "trailers"},
        {"Keep-Alive": "timeout=5", "Proxy-Connection": "keep-alive", "Proxy-Authorization": "x"},
    ],
)
def test_hop_by_hop_headers_are_sent_but_not_signed(
    bedrock: Emulator, hop_by_hop: dict[str, str]
) -> None:
    with signed(bedrock) as client:
        client.chat.completions.create(**CHAT, extra_headers=hop_by_hop)
    (entry,) = bedrock.requests()
    wanted = {name.lower() for name in hop_by_hop}
    assert wanted <= set(header_names(entry))
    assert not wanted & set(signed_names(entry))


# --- openai/codex PR #21623: names with an underscore are lost before the service verifies --------


def test_names_with_an_underscore_are_not_signed(bedrock: Emulator) -> None:
    ids = {"session_id": "s", "thread_id": "t", "x-amz_meta": "m", "openai_project": "p"}
    with signed(bedrock) as client:
        client.chat.completions.create(**CHAT, extra_headers=ids)
    (entry,) = bedrock.requests()
    assert set(ids) <= set(header_names(entry))
    assert not any("_" in name for name in signed_names(entry))


def test_a_front_door_that_drops_them_does_no_harm() -> None:
    client = _core.Client(credentials=KEYS.of_signer, environment={})
    headers = [(b"Host", b"bedrock-mantle.us-east-1.api.aws"), (b"session_id", b"s")]
    sent = send(client, "POST", f"{MANTLE}/v1/chat/completions", headers, b"{}")
    assert verdict(sent.without(b"session_id"), KEYS) == ""


# --- LiteLLM #27513, #27515, #30834, #32371: a retry sent the signature of the attempt before -----


def test_every_attempt_is_signed_by_the_credentials_of_its_time(bedrock: Emulator) -> None:
    """The first set of credentials has ended when the retry is due."""
    options = {**SIGNED, "credentials": temporary_credentials(life_s=1)}
    bedrock.fault("status", status=429, retry_after=1.1)
    with costmark.wrap(plain(bedrock, max_retries=1), **options) as client:
        client.chat.completions.create(**CHAT)
    first, second = bedrock.requests()
    assert [first["status"], second["status"]] == [429, 200]
    assert key_id_of(first) != key_id_of(second)


def temporary_credentials(life_s: int) -> Callable[[], costmark.Credentials]:
    """Two sets that the emulator knows, in turn."""
    sets = itertools.cycle([(ACCESS_KEY_ID, SECRET_ACCESS_KEY), OTHER_KEYS])
    return lambda: costmark.Credentials(*next(sets), expires_at=time.time() + life_s)


def key_id_of(entry: dict[str, Any]) -> str:
    return value_of(entry, "authorization").split("Credential=")[1].split("/")[0]


def test_a_signature_that_the_caller_carries_along_is_replaced(bedrock: Emulator) -> None:
    scope = f"20200101/{REGION}/bedrock-mantle/aws4_request"
    stale = f"AWS4-HMAC-SHA256 Credential=OLD/{scope}, SignedHeaders=host, Signature={'0' * 64}"
    with signed(bedrock) as client:
        client.chat.completions.create(**CHAT, extra_headers={"Authorization": stale, **STALE})
    (entry,) = bedrock.requests()
    assert entry["status"] == 200
    assert header_names(entry).count("authorization") == 1
    assert "stale" not in json.dumps(entry["headers"])
    assert "x-amz-security-token" not in header_names(entry)


# --- LiteLLM #13738, #14763: inbound headers forwarded, content-type twice ------------------------


def test_headers_of_another_request_passed_on(bedrock: Emulator) -> None:
    inbound = {
        "content-type": "application/json",
        "CONNECTION": "keep-alive",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "gateway.example",
        "Forwarded": "for=10.0.0.1",
        "Via": "1.1 gateway",
        "X-Amzn-Trace-Id": "Root=1-2-3",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Cookie": "a=b",
        "Accept-Encoding": "identity",
        "Authorization": "Bearer sk-of-the-gateways-caller",
    }
    with signed(bedrock) as client:
        client.chat.completions.create(**CHAT, extra_headers=inbound)
    (entry,) = bedrock.requests()
    assert entry["status"] == 200
    assert "sk-of-the-gateways-caller" not in json.dumps(entry["headers"])
    passed_on = {name.lower() for name in inbound} - {"content-type", "authorization"}
    assert passed_on <= set(header_names(entry))
    assert not passed_on & set(signed_names(entry))


class _Proxy(BaseHTTPRequestHandler):
    """Forwards what it gets, with the liberties that proxies take."""

    protocol_version = "HTTP/1.1"
    upstream = ""

    def do_POST(self) -> None:
        target = urlsplit(self.path)  # in absolute form, as for every proxy
        body = self.rfile.read(int(self.headers["content-length"]))
        connection = http.client.HTTPConnection(self.upstream, timeout=20)
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "user-agent", "proxy-connection", "accept"):
                connection.putheader(name.title(), value)
        for name in ("Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id", "session_id"):
            connection.putheader(name, "proxy")
        connection.putheader("User-Agent", "proxy")
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        connection.close()

    def log_message(self, *_: object) -> None:
        pass


def test_through_a_proxy(bedrock: Emulator) -> None:
    handler = type("Proxy", (_Proxy,), {"upstream": urlsplit(bedrock.url).netloc})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        through = httpx.Client(proxy=f"http://127.0.0.1:{proxy.server_port}", trust_env=False)
        with signed(bedrock, http_client=through) as client:
            client.chat.completions.create(**CHAT)
        proxy.shutdown()
    (entry,) = bedrock.requests()
    assert entry["status"] == 200
    assert value_of(entry, "user-agent") == value_of(entry, "via") == "proxy"


@pytest.mark.parametrize("second", [b"application/json", b"application/json; charset=utf-8"])
def test_content_type_twice(bedrock: Emulator, second: bytes) -> None:
    types = [(b"Content-Type", b"application/json"), (b"content-type", second)]
    url = f"{bedrock.base_url}/chat/completions"
    with signed(bedrock) as client:
        answer = client._client.post(url, headers=types, content=json.dumps(CHAT).encode())
    assert answer.status_code == 200
    (entry,) = bedrock.requests()
    assert header_names(entry).count("content-type") == 2
    assert signed_names(entry).count("content-type") == 1


# --- OneUptime #3099: a path with `:` is encoded twice in the canonical request -------------------


@pytest.mark.parametrize(
    "path",
    [
        "/models/anthropic.claude-v1:0",
        "/models/anthropic.claude-v1%3A0",
        "/models/a%2Fb%25c",
        "/models/caf\u00e9 x",
        "/models/a+b@c=d,e;f!*'()",
    ],
)
def test_paths_with_reserved_characters(bedrock: Emulator, path: str) -> None:
    with signed(bedrock) as client, pytest.raises(openai.NotFoundError):
        client.get(path, cast_to=object)
    (entry,) = bedrock.requests()
    assert entry["status"] == 404  # refused signatures are 401


@pytest.mark.parametrize(
    "model_id",
    [
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "anthropic.claude-sonnet-4-20250514-v1%3A0",
        "arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aapplication-inference-profile%2Fx",
        "already%253Atwice",
    ],
)
@pytest.mark.parametrize("action", ["invoke", "converse-stream"])
def test_model_ids_in_the_paths_of_runtime_hosts(model_id: str, action: str) -> None:
    client = _core.Client(credentials=KEYS.of_signer, environment={})
    headers = [(b"Host", b"bedrock-runtime.us-east-1.amazonaws.com")]
    sent = send(client, "POST", f"{RUNTIME}/model/{model_id}/{action}", headers, b"{}")
    assert verdict(sent, KEYS, RUNTIME_SCOPE) == ""
    decoded = sent.path.replace("%3A", ":")
    assert (verdict(replace(sent, path=decoded), KEYS, RUNTIME_SCOPE) == "") == (
        decoded == sent.path
    )


@pytest.mark.parametrize("query", [{"a": "b c+d%20\u00e9/", "z": ["1", "0"]}, {"": "x", "b": ""}])
def test_queries_with_reserved_characters(bedrock: Emulator, query: dict[str, Any]) -> None:
    with signed(bedrock) as client:
        client.chat.completions.create(**CHAT, extra_query=query)
    (entry,) = bedrock.requests()
    assert (entry["status"], bool(entry["query"])) == (200, True)


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1"])
@pytest.mark.parametrize("sent", [None, "bedrock-mantle.us-east-1.api.aws"])
def test_the_host_is_signed_as_it_is_sent(bedrock: Emulator, host: str, sent: str | None) -> None:
    url = bedrock.base_url.replace("127.0.0.1", host)
    headers = {"Host": sent} if sent else {}
    with signed(bedrock, base_url=url) as client:
        client.chat.completions.create(**CHAT, extra_headers=headers)
    (entry,) = bedrock.requests()
    assert entry["status"] == 200
    assert value_of(entry, "host") == (sent or urlsplit(url).netloc.lower())


# --- oh-my-pi #7137: a content-type was signed that was not sent, or sent otherwise ---------------


def test_content_type_is_signed_as_sent_and_only_when_sent(bedrock: Emulator) -> None:
    with signed(bedrock) as client:
        client.models.list()
        client.chat.completions.create(
            **CHAT, extra_headers={"Content-Type": "application/json; charset=UTF-8"}
        )
    listed, asked = bedrock.requests()
    assert [listed["status"], asked["status"]] == [200, 200]
    for entry in (listed, asked):
        sent = "content-type" in header_names(entry)
        assert ("content-type" in signed_names(entry)) == sent
    assert "charset=UTF-8" in dict(asked["headers"])["content-type"]


def test_the_boundary_of_an_upload_is_signed_as_sent(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), **SIGNED) as client:
        client.files.create(file=("a.jsonl", b"{}\n"), purpose="batch")
    received = recorder.last
    headers = [(name.encode(), value.encode()) for name, value in received.headers]
    sent = Sent("POST", received.path, "", tuple(headers), received.body)
    assert b"content-type" in sent.signed_names
    assert b"boundary=" in sent.value(b"content-type")
    assert verdict(sent, Keys(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None)) == ""


# --- hermes-agent PR #107621: after a rebuild of the client, a placeholder was sent as bearer -----


def test_a_placeholder_key_is_never_sent(recorder: Recorder) -> None:
    original = costmark.wrap(plain(recorder, api_key="placeholder-1"), **SIGNED)
    rebuilt = [
        original,
        original.copy(),
        original.with_options(timeout=5).with_options(max_retries=0),
        original.with_options(api_key="placeholder-2"),
        original.with_options(default_headers={"x-new": "1"}),
        original.with_options(http_client=httpx.Client()),
    ]
    for client in rebuilt:
        client.chat.completions.create(**CHAT)
        assert (recorder.last.header("authorization") or "").startswith("AWS4-HMAC-SHA256 ")
        assert "placeholder" not in str(recorder.last.headers)
    for client in rebuilt:
        client.close()


# --- openai-java bedrock.md, openai-go README: a stale AWS_BEARER_TOKEN_BEDROCK shadows SigV4 -----


@pytest.mark.parametrize(
    ("options", "environment", "scheme"),
    [
        ({}, "bedrock-api-key-stale", b"Bearer"),
        ({}, "", b"AWS4-HMAC-SHA256"),
        ({}, "   ", b"AWS4-HMAC-SHA256"),
        ({"auth": "sigv4"}, "bedrock-api-key-stale", b"AWS4-HMAC-SHA256"),
        (
            {"access_key_id": "AKIDOPTION", "secret_access_key": "s"},
            "bedrock-api-key-stale",
            b"AWS4-HMAC-SHA256",
        ),
    ],
)
def test_the_token_of_the_environment_and_what_goes_before_it(
    options: dict[str, str], environment: str, scheme: bytes
) -> None:
    variables = {
        "AWS_BEARER_TOKEN_BEDROCK": environment,
        "AWS_ACCESS_KEY_ID": "AKIDENV",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    said: list[str] = []
    client = _core.Client(
        options, environment=variables, log=lambda _, message: said.append(message)
    )
    for _ in range(2):
        sent = send(client, "POST", f"{MANTLE}/v1/responses", [], b'{"model":"m"}')
        assert sent.value(b"authorization").startswith(scheme + b" ")
    winners = [line for line in said if "authenticated" in line]
    assert len(winners) == 1
    assert ("AWS_BEARER_TOKEN_BEDROCK" in winners[0]) == (scheme == b"Bearer")
    assert "stale" not in winners[0]


def test_explicit_credentials_go_before_the_token_of_the_environment() -> None:
    variables = {"AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-stale"}
    client = _core.Client(credentials=CREDENTIALS, environment=variables)
    sent = send(client, "POST", f"{MANTLE}/v1/responses", [], b'{"model":"m"}')
    assert sent.value(b"authorization").startswith(b"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


# --- oh-my-pi #7080: signed for a region that is not the host's -----------------------------------


def test_the_scope_names_the_hosts_region_whatever_the_environment_says() -> None:
    variables = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    client = _core.Client(credentials=KEYS.of_signer, environment=variables)
    for region in ("us-east-1", "ap-southeast-2"):
        host = f"bedrock-mantle.{region}.api.aws"
        headers = [(b"Host", host.encode())]
        sent = send(client, "POST", f"https://{host}/v1/responses", headers, b'{"model":"m"}')
        assert verdict(sent, KEYS, (region, "bedrock-mantle")) == ""


@pytest.mark.parametrize(
    ("options", "url", "says"),
    [
        ({"region": "eu-west-1"}, f"{MANTLE}/v1/responses", "us-east-1"),
        ({"service": "bedrock"}, f"{MANTLE}/v1/responses", "bedrock-mantle"),
        ({"service": "bedrock-mantle"}, f"{RUNTIME}/model/m/invoke", "signed for bedrock"),
        ({"base_url": f"{MANTLE}/v1"}, f"{RUNTIME}/model/m/invoke", "configured for"),
        ({}, "http://bedrock-mantle.us-east-1.api.aws/v1/responses", "https"),
        ({"auth": "sigv4", "region": "us-east-1"}, "https://sts.amazonaws.com/", "base_url"),
    ],
)
def test_what_is_refused_before_the_network(options: dict[str, str], url: str, says: str) -> None:
    client = _core.Client(options, credentials=KEYS.of_signer, environment={})
    with pytest.raises(costmark.ConfigurationError, match=says) as caught:
        prepare(client, "POST", url, [], b'{"model":"m"}')
    assert caught.value.code == "endpoint_mismatch"
    assert KEYS.secret not in str(caught.value)


# --- opencode #31349: "the first message works, later ones fail" ----------------------------------


def test_a_conversation_goes_on(bedrock: Emulator) -> None:
    """Growing bodies over one connection, streamed and not, across new credentials."""
    options = {**SIGNED, "credentials": temporary_credentials(life_s=1)}
    history: list[Any] = []
    with costmark.wrap(plain(bedrock, max_retries=0), **options) as client:
        for turn in range(8):
            history.append({"role": "user", "content": f"Wie heißt Nummer {turn}? 日本 \U0001f600"})
            chat: dict[str, Any] = {"model": MODEL, "messages": history}
            if turn % 2:
                chunks = client.chat.completions.create(**chat, stream=True)
                said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            else:
                said = client.chat.completions.create(**chat).choices[0].message.content
            history.append({"role": "assistant", "content": said})
    assert [entry["status"] for entry in bedrock.requests()] == [200] * 8


# --- A plug-in of pi: credentials were kept in the cache after a 401 or 403 had refused them ------


def test_refused_credentials_are_dropped_and_resolved_once_more(bedrock: Emulator) -> None:
    sets = iter([(ACCESS_KEY_ID, SECRET_ACCESS_KEY), OTHER_KEYS])
    options = {**SIGNED, "credentials": lambda: costmark.Credentials(*next(sets))}
    bedrock.fault("expired_token", access_key_id=ACCESS_KEY_ID, count=1000)
    with costmark.wrap(plain(bedrock, max_retries=0), **options) as client:
        client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    first, second, third = bedrock.requests()
    assert [first["status"], second["status"], third["status"]] == [401, 200, 200]
    assert key_id_of(second) == key_id_of(third) == OTHER_KEYS[0]


# --- Bodies that cannot be sent twice, and places that a signature is not meant for ---------------


def test_a_redirect_to_another_origin_gets_no_signature(recorder: Recorder) -> None:
    def redirect(handler: Any, _: Any) -> None:
        answer_json(handler, {}, 307, location="http://localhost:9/v1/elsewhere")

    recorder.answer = redirect
    with (
        costmark.wrap(plain(recorder, max_retries=0), **SIGNED) as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.chat.completions.create(**CHAT)
    assert caught.value.status_code == 307
    assert len(recorder.requests) == 1


def test_a_generator_for_a_body_is_refused_with_what_to_do(recorder: Recorder) -> None:
    with costmark.wrap(plain(recorder), **SIGNED) as client:
        url = f"{recorder.base_url}/files"
        with pytest.raises(costmark.RequestError, match=r"only once.*pass bytes"):
            client._client.post(url, content=iter([b"a", b"b"]))
        client._client.post(url, content=b"ab")
    assert len(recorder.requests) == 1


@pytest.mark.anyio
async def test_an_asynchronous_generator_is_refused_alike(recorder: Recorder) -> None:
    async def pieces() -> Any:
        yield b"a"

    client = openai.AsyncOpenAI(base_url=recorder.base_url, api_key="unused")
    async with costmark.wrap(client, **SIGNED):
        with pytest.raises(costmark.RequestError, match=r"only once.*pass bytes"):
            await client._client.post(f"{recorder.base_url}/files", content=pieces())
    assert not recorder.requests
