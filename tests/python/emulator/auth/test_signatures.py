"""What the emulator takes for proof, and what it does not."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time

import pytest

from emulator.support import KEY, OSS, SECRET, Answer, Emulator

CHAT = "/v1/chat/completions"
INVALID = "The security token included in the request is invalid."


def refused(answer: Answer, text: str) -> None:
    assert answer.status == 401, answer.body
    assert answer.error["code"] == "invalid_api_key"
    assert answer.error["type"] == "permission_denied_error"
    assert text in answer.error["message"]


def test_a_good_signature_is_accepted(emulator: Emulator) -> None:
    assert emulator.call("POST", CHAT, emulator.chat()).status == 200
    (record,) = emulator.usage()
    assert (record["signed_by"], record["access_key_id"]) == ("sigv4", KEY)


def test_extra_signed_headers_and_inner_white_space(emulator: Emulator) -> None:
    headers = {"Content-Type": "application/json", "X-Amz-Meta": "a   b", "X-Name": "café"}
    assert emulator.call("POST", CHAT, emulator.chat(), headers=headers).status == 200


@pytest.mark.parametrize(
    "query",
    ["limit=5", "after=default&limit=5", "limit=5&after=default", "limit=%35", "x=a%2Fb&x=%20"],
)
def test_queries_are_part_of_the_signature(emulator: Emulator, query: str) -> None:
    path = "/v1/organization/projects?"
    assert emulator.call("GET", path + query).status == 200
    request = emulator.sign("GET", path + query)
    request.path = path + query + "&include_archived=true"
    refused(emulator.send(request), "does not match")
    request.path = path.rstrip("?")
    refused(emulator.send(request), "does not match")


def test_paths_are_encoded_twice(emulator: Emulator) -> None:
    answer = emulator.call("GET", "/v1/organization/projects/proj_%3A%20x")
    assert answer.status == 404
    assert "project/proj_: x'" in answer.error["message"]


def test_tampered_body(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.body = request.body.replace(b"Hello", b"Hallo")
    refused(emulator.send(request), "does not match")


def test_tampered_body_under_a_declared_hash(emulator: Emulator) -> None:
    body = b'{"model":"x"}'
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    request = emulator.sign("POST", CHAT, body, headers=headers)
    request.body = b'{"model":"y"}'
    refused(emulator.send(request), "x-amz-content-sha256")
    refused(
        emulator.call("POST", CHAT, body, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
        "x-amz-content-sha256",
    )


def test_tampered_header(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat(), headers={"OpenAI-Project": "default"})
    request.set("OpenAI-Project", "proj_other")
    refused(emulator.send(request), "does not match")
    request.remove("OpenAI-Project")
    refused(emulator.send(request), "'openai-project' is not in the request")


def test_tampered_host(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.set("Host", "bedrock-mantle.us-east-1.api.aws")
    refused(emulator.send(request), "does not match")


def test_tampered_path_and_method(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.path = "/openai" + CHAT
    refused(emulator.send(request), "does not match")
    request = emulator.sign("GET", "/v1/organization/projects", b"{}")
    request.method = "POST"
    refused(emulator.send(request), "does not match")


def test_tampered_date(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat(), at=time.time() - 20)
    later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    request.set("X-Amz-Date", later)
    assert emulator.send(request).status == 401


@pytest.mark.parametrize(
    ("offset", "text"), [(-301, "expired"), (310, "not yet current"), (-86_400, "expired")]
)
def test_the_date_window(emulator: Emulator, offset: int, text: str) -> None:
    now = time.time()
    refused(emulator.call("POST", CHAT, emulator.chat(), at=now + offset), text)
    inside = now + (-280 if offset < 0 else 280)
    assert emulator.call("POST", CHAT, emulator.chat(), at=inside).status == 200


def test_date_and_credential_scope_must_agree(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    stamp = request.get("X-Amz-Date")[:8]
    request.set("Authorization", request.get("Authorization").replace(f"/{stamp}/", "/20200101/"))
    refused(emulator.send(request), "Date in Credential scope does not match")


def test_dates_that_are_none(emulator: Emulator) -> None:
    for stamp in ("now", "20261301T000000Z", "2026-01-02T03:04:05Z"):
        request = emulator.sign("POST", CHAT, emulator.chat())
        request.set("X-Amz-Date", stamp)
        refused(emulator.send(request), "ISO-8601")
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.headers.append(("X-Amz-Date", request.get("X-Amz-Date")))
    refused(emulator.send(request), "Exactly one")


def test_wrong_service_region_and_key(emulator: Emulator) -> None:
    body = emulator.chat()
    message = "Credential should be scoped to correct service: 'bedrock-mantle'."
    answer = emulator.call("POST", CHAT, body, service="bedrock")
    assert (answer.status, answer.error["message"]) == (401, message)
    refused(emulator.call("POST", CHAT, body, region="us-west-2"), "valid region")
    refused(emulator.call("POST", CHAT, body, key="AKIDUNKNOWN"), INVALID)
    refused(emulator.call("POST", CHAT, body, secret="wrong"), "does not match")


def test_session_tokens(emulator: Emulator) -> None:
    temporary = {
        "key": "ASIAIOSFODNN7EXAMPLE",
        "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    }
    body = emulator.chat()
    good = emulator.call("POST", CHAT, body, **temporary, token="example-session-token")
    assert good.status == 200
    refused(emulator.call("POST", CHAT, body, **temporary, token="another"), INVALID)
    refused(emulator.call("POST", CHAT, body, **temporary), INVALID)
    refused(emulator.call("POST", CHAT, body, token="example-session-token"), INVALID)


def test_what_must_be_signed(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.set("X-Amz-Meta", "late")
    refused(emulator.send(request), "'x-amz-meta' must be a 'SignedHeader'")
    request = emulator.sign("POST", CHAT, emulator.chat())
    signed = request.get("Authorization")
    request.set("Authorization", signed.replace("=host;x-amz-date", "=x-amz-date"))
    refused(emulator.send(request), "'Host' or ':authority' must be")
    request.set("Authorization", signed.replace("=host;x-amz-date", "=x-amz-date;host"))
    refused(emulator.send(request), "sorted")


def test_unsigned_carriers_and_ordinary_headers_are_accepted(emulator: Emulator) -> None:
    project = emulator.project()
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.set("OpenAI-Project", project)
    request.set("User-Agent", "anything")
    request.set("X-Amzn-Trace-Id", "Root=1")
    assert emulator.send(request).status == 200
    assert emulator.usage()[0]["project"] == project


def test_headers_that_the_front_door_consumes_do_not_verify(emulator: Emulator) -> None:
    for name in ("session_id", "te"):
        request = emulator.sign("POST", CHAT, emulator.chat(), headers={name: "trailers"})
        if name == "te":
            # botocore leaves it out by itself; a signer that does not is imitated.
            signed = request.get("Authorization")
            request.set("Authorization", signed.replace("=host;x-", "=host;te;x-"))
        refused(emulator.send(request), "does not match")


@pytest.mark.parametrize(
    "value",
    ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host", "Basic eDp5", ""],
)
def test_headers_that_are_no_signature(emulator: Emulator, value: str) -> None:
    answer = emulator.plain("POST", CHAT, emulator.chat(), {"Authorization": value})
    refused(answer, "Authorization header requires")


def test_malformed_scope(emulator: Emulator) -> None:
    request = emulator.sign("POST", CHAT, emulator.chat())
    signed = request.get("Authorization")
    request.set("Authorization", signed.replace("/aws4_request", "/aws5_request"))
    refused(emulator.send(request), "exactly 5")


def test_no_authorization_and_too_much(emulator: Emulator) -> None:
    refused(emulator.plain("POST", CHAT, emulator.chat()), "Missing Authentication Token")
    refused(emulator.plain("POST", CHAT, emulator.chat()), "set auth=sigv4 (COSTMARK_AUTH), as")
    unused = {"Authorization": "Bearer unused"}
    refused(emulator.plain("POST", CHAT, emulator.chat(), unused), "signed instead, set auth=sigv4")
    request = emulator.sign("POST", CHAT, emulator.chat())
    request.headers.append(("Authorization", "Bearer x"))
    refused(emulator.send(request), "More than one Authorization")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_signs_for_the_emulator(emulator: Emulator) -> None:
    project = emulator.project()

    def curl(service: str) -> str:
        command = ["curl", "--silent", "--write-out", "\n%{http_code}", emulator.url + CHAT]
        command += ["--aws-sigv4", f"aws:amz:us-east-1:{service}", "--user", f"{KEY}:{SECRET}"]
        command += ["--header", "content-type: application/json"]
        command += ["--header", f"openai-project: {project}"]
        command += ["--data", f'{{"model":"{OSS}","messages":[{{"role":"user","content":"x"}}]}}']
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert curl("bedrock-mantle").endswith("\n200")
    assert curl("bedrock").endswith("\n401")
    (record,) = emulator.usage()
    assert (record["project"], record["signed_by"]) == (project, "sigv4")
