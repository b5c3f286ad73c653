"""What may happen to a signed request on its way, and what may not.

Every request is prepared as the adapters do it, and verified by botocore's arithmetic over what
arrives. Outside the allow-list everything may change; of what is signed, nothing.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

pytest.importorskip("botocore.auth")

from botocore_verifier import Keys, Scope, Sent, send, verdict
from costmark import _core

ALLOWED = {
    *(b"host", b"content-type", b"openai-project", b"anthropic-workspace-id"),
    b"x-amzn-bedrock-projectidentifier",
}
MANTLE = "https://bedrock-mantle.us-east-1.api.aws"

# What clients, proxies, meshes and tracers write, and what only looks like a signed name.
FOREIGN = (
    "accept", "accept-encoding", "accept-language", "baggage", "cache-control", "cf-connecting-ip",
    "connection", "content-language", "cookie", "date", "expect", "forwarded", "from",
    "idempotency-key", "if-none-match", "keep-alive", "max-forwards", "origin", "pragma",
    "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "referer",
    "session_id", "te", "thread_id", "traceparent", "tracestate", "trailer", "transfer-encoding",
    "upgrade", "user-agent", "via", "warning", "x-amz", "x-amzn-trace-id", "x-api-key",
    "x-b3-traceid", "x-content-type", "x-envoy-attempt-count", "x-forwarded-for",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-host", "x-openai-project",
    "x-real-ip", "x-request-id", "x-stainless-retry-count", "x_amz_date", "openai_project",
    "openai-organization", "openai-beta", "anthropic-version", "anthropic-beta", "content-length",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """An endpoint and how it is signed for."""

    url: str
    region: str = "us-east-1"
    service: str = "bedrock-mantle"
    options: tuple[tuple[str, str], ...] = ()

    def scope(self, url: str) -> Scope:
        """A gateway serves both of Bedrock's services; the path tells which one is called."""
        is_runtime = bool(self.options) and "/model/" in url
        return self.region, "bedrock" if is_runtime else self.service


PLACES = (
    Place(MANTLE),
    Place("https://bedrock-mantle.eu-central-1.api.aws", "eu-central-1"),
    Place("https://bedrock-runtime.us-west-2.amazonaws.com", "us-west-2", "bedrock"),
    Place(
        "https://gateway.example:8443",
        options=(
            ("auth", "sigv4"),
            ("region", "us-east-1"),
            ("base_url", "https://gateway.example:8443/v1"),
        ),
    ),
)
# A region that none of the places is in.
ELSEWHERE = "ap-southeast-2"

PATHS = (
    "/v1/chat/completions",
    "/openai/v1/responses",
    "/openai/v1/responses/resp_%C3%A4/cancel",
    "/anthropic/v1/messages",
    "/model/anthropic.claude-sonnet-4-20250514-v1%3A0/invoke",
    "/model/anthropic.claude-sonnet-4-20250514-v1:0/converse",
    "/model/arn%3Aaws%3Abedrock%3Aus-west-2%3A111122223333%3Ainference-profile%2Fx/invoke",
    "/v1/organization/projects/proj_%2525",
    "/v1/models",
    "/a//b/./c/../d%20e/",
)


class Cases:
    """Requests, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, alphabet: str, least: int, most: int) -> str:
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, most)))

    def value(self) -> bytes:
        pieces = ["a", "B", "7", "é", "日", "=", ",", ";", '"', "\t", " ", "  ", "/", ":"]
        text = self.text("".join(pieces), 0, 12)
        return text.strip().encode()

    def keys(self) -> Keys:
        alphabet = string.ascii_letters + string.digits + "+/"
        token = self.random.choice([None, self.text(alphabet + "=", 1, 900)])
        key_id = "ASIA" + self.text(string.ascii_uppercase, 16, 16)
        return Keys(key_id, self.text(alphabet, 40, 40), token)

    def headers(self, place: Place) -> list[tuple[bytes, bytes]]:
        host = place.url.split("//")[1].encode()
        fields = [(b"Host", host)] if self.random.random() < 0.8 else []
        kinds = [
            b"application/json",
            b"application/json; charset=utf-8",
            b" application/json ; \t charset=utf-8 ",
        ]
        if self.random.random() < 0.9:
            fields.append((b"Content-Type", self.random.choice(kinds)))
        for name in self.random.sample(FOREIGN, self.random.randint(0, 12)):
            value = b"5" if name == "content-length" else self.value()
            fields.append((self.spelled(name), value))
        amz = self.random.choices([b"X-Amz-Target", b"x-amz-meta-a"], k=self.random.randint(0, 2))
        fields += [(name, self.value()) for name in amz]
        if self.random.random() < 0.3:
            fields.append((b"OpenAI-Project", b"proj_own"))
        self.random.shuffle(fields)
        return fields

    def spelled(self, name: str) -> bytes:
        return self.random.choice([name, name.title(), name.upper()]).encode()

    def body(self) -> bytes:
        project = self.random.choice(["", ',"project_id":"proj_own"'])
        filler = self.text("aé日\\n\U0001f600", 0, 300).replace("\\", "")
        return f'{{"model":"m"{project},"messages":["{filler}"]}}'.encode()

    def query(self) -> str:
        pairs = (
            f"{self.text('abc', 1, 3)}={self.random.choice(['', '1', 'x%20y', 'caf%C3%A9', '%2F'])}"
            for _ in range(self.random.choice([0, 0, 1, 3]))
        )
        return "&".join(pairs)

    def url(self, place: Place) -> str:
        query = self.query()
        return place.url + self.random.choice(PATHS) + (f"?{query}" if query else "")

    def client(self, place: Place, keys: Keys) -> _core.Client:
        carrier = self.random.choice(["auto", "body", "header", "workspace", "body,header"])
        options = {"project": "proj_client", "carrier": carrier, **dict(place.options)}
        return _core.Client(options, credentials=keys.of_signer, environment={})


def may_change(name: bytes) -> bool:
    return not (name in ALLOWED or name.startswith(b"x-amz-") or name == b"authorization")


def harmless(case: Cases, sent: Sent) -> Iterator[tuple[str, Sent]]:
    """Changes that no signature may notice."""
    present = {name.lower() for name, _ in sent.headers}
    for name in sorted(filter(may_change, present)):
        yield f"changed {name!r}", sent.with_value(name, b"changed")
        yield f"emptied {name!r}", sent.with_value(name, b"")
        yield f"removed {name!r}", sent.without(name)
        yield f"repeated {name!r}", sent.adding(name, b"once more")
    for each in case.random.sample(FOREIGN, 12):
        yield f"added {each}", sent.adding(case.spelled(each), b"1")
    yield "shuffled", replace(sent, headers=shuffled(case, sent))
    spelled = tuple((case.spelled(k.decode()), v) for k, v in sent.headers)
    yield "names in another case", replace(sent, headers=spelled)
    padded = tuple((k, b" " + v.replace(b" ", b" \t ") + b"\t") for k, v in sent.headers)
    yield "more white space", replace(sent, headers=padded)


def shuffled(case: Cases, sent: Sent) -> tuple[tuple[bytes, bytes], ...]:
    """The fields in another order; only those of one name keep theirs, which is signed."""
    order = {name: case.random.random() for name in sorted({k.lower() for k, _ in sent.headers})}
    return tuple(sorted(sent.headers, key=lambda field: order[field[0].lower()]))


def harmful(case: Cases, sent: Sent) -> Iterator[tuple[str, Sent]]:
    """Changes to each part that is signed."""
    for other in {"GET", "POST", "PUT", "DELETE"} - {sent.method}:
        yield f"method {other}", replace(sent, method=other)
    yield "longer path", replace(sent, path=sent.path + "x")
    at = case.random.randrange(1, len(sent.path))
    yield "path up", replace(sent, path="/.." + sent.path[:at] + "/y")
    yield "path in upper case", replace(sent, path=sent.path.upper())
    yield "added query", replace(sent, query=f"{sent.query}&new=1".lstrip("&"))
    if sent.query:
        yield "no query", replace(sent, query="")
        yield "changed query", replace(sent, query=sent.query + "1")
    for name in sent.signed_names:
        value = b"".join(value for key, value in sent.headers if key.lower() == name)
        yield f"changed {name!r}", sent.with_value(name, b"x" + value)
        if value.strip():
            yield f"emptied {name!r}", sent.with_value(name, b"")
        yield f"removed {name!r}", sent.without(name)
        yield f"repeated {name!r}", sent.adding(name, b"once more")
    yield "added x-amz", sent.adding(b"X-Amz-New", b"1")
    yield "longer body", replace(sent, body=sent.body + b" ")
    yield "shorter body", replace(sent, body=sent.body[:-1])
    at = case.random.randrange(len(sent.body))
    flipped = bytes([sent.body[at] ^ 1])
    yield f"byte {at}", replace(sent, body=sent.body[:at] + flipped + sent.body[at + 1 :])
    yield from forgeries(sent)


def forgeries(sent: Sent) -> Iterator[tuple[str, Sent]]:
    """Another authorization over the same request."""
    authorization = sent.value(b"authorization")
    names = b";".join(sent.signed_names)
    for name in sent.signed_names:
        fewer = b";".join(n for n in sent.signed_names if n != name)
        yield (
            f"unlisted {name!r}",
            sent.with_value(b"authorization", authorization.replace(names, fewer)),
        )
    digit = authorization[-1:]
    other = b"0" if digit != b"0" else b"1"
    yield "signature", sent.with_value(b"authorization", authorization[:-1] + other)
    yield "no authorization", sent.without(b"authorization")
    stamp = sent.value(b"x-amz-date")
    second = b"1" if stamp[14:15] == b"0" else b"0"
    yield "another second", sent.with_value(b"x-amz-date", stamp[:14] + second + b"Z")


def test_only_the_allow_list_is_signed() -> None:
    """A prepared request with everything that a client or a proxy may have put on it."""
    client = _core.Client({"project": "proj_a"}, credentials=Keys().of_signer, environment={})
    headers = [(name.encode(), b"1") for name in FOREIGN]
    sent = send(client, "POST", f"{MANTLE}/v1/responses", headers, b'{"model":"m"}')
    signed = {b"host", b"openai-project", b"x-amz-content-sha256", b"x-amz-date"}
    assert set(sent.signed_names) == signed | {b"x-amz-security-token"}
    received = sent.adding(b"host", b"bedrock-mantle.us-east-1.api.aws")
    assert verdict(received, Keys()) == ""


@pytest.mark.timeout(1800)
def test_a_signature_holds_for_what_is_signed_and_for_nothing_else(
    request: pytest.FixtureRequest,
) -> None:
    cases = Cases(20_261_123)
    accepted = refused = 0
    number_of_cases = request.config.getoption("--sign-cases") // 8
    for number in range(number_of_cases):
        keys, place = cases.keys(), cases.random.choice(PLACES)
        url = cases.url(place)
        method = cases.random.choice(["POST", "POST", "GET", "DELETE"])
        sent = send(cases.client(place, keys), method, url, cases.headers(place), cases.body())
        if not any(name.lower() == b"host" for name, _ in sent.headers):
            sent = sent.adding(b"Host", place.url.split("//")[1].encode())  # the transport does so
        what = (number, url, sent.headers)
        scope = place.scope(url)
        assert verdict(sent, keys, scope) == "", what
        present = {name.lower() for name, _ in sent.headers} - {b"authorization"}
        assert set(sent.signed_names) == {name for name in present if not may_change(name)}, what
        for change, mutant in harmless(cases, sent):
            assert verdict(mutant, keys, scope) == "", (change, *what)
            accepted += 1
        for change, mutant in harmful(cases, sent):
            assert verdict(mutant, keys, scope), (change, *what)
            refused += 1
        check_scope(sent, keys, scope)
    assert min(accepted, refused) > 20 * number_of_cases


def check_scope(sent: Sent, keys: Keys, scope: Scope) -> None:
    """Keys, token, day, region and service are part of the proof, not only of the text."""
    assert "does not match" in verdict(sent, replace(keys, secret=keys.secret[::-1]), scope)
    assert verdict(sent, replace(keys, token="another"), scope)
    if keys.token is not None:
        assert verdict(sent, replace(keys, token=None), scope)
        swapped = sent.with_value(b"x-amz-security-token", b"another")
        assert "does not match" in verdict(swapped, replace(keys, token="another"), scope)
    authorization = sent.value(b"authorization")
    key_id = authorization.replace(keys.access_key_id.encode(), b"ASIAOTHER")
    assert "invalid" in verdict(sent.with_value(b"authorization", key_id), keys, scope)
    region, service = scope
    for elsewhere in ((ELSEWHERE, service), (region, "s3")):
        assert "scoped" in verdict(sent, keys, elsewhere)
        # Even where the text of the scope is made to fit.
        was, to = "/".join(scope).encode(), "/".join(elsewhere).encode()
        moved = sent.with_value(b"authorization", authorization.replace(was, to))
        assert "does not match" in verdict(moved, keys, elsewhere)
    stamp = sent.value(b"x-amz-date")
    day = authorization.replace(b"/" + stamp[:8] + b"/", b"/20200101/")
    later = sent.with_value(b"authorization", day).with_value(b"x-amz-date", b"20200101T000000Z")
    assert "does not match" in verdict(later, keys, scope, 1577836800.0)
