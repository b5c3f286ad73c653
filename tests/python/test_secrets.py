"""No secret is ever told: in no error, log line, warning, repr or note, whatever goes wrong.

Every secret used here is marked, and what was said is searched for each of them as it is and as it
would look percent-encoded, in base64, in hexadecimal or in JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import costmark
import preparing
from costmark import _core
from harness import MESSAGES, MODEL, REGION, Emulator, Received, answer_json, run_recorder

MANTLE = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"
BODY = b'{"model":"m","messages":[]}'
ROLE = "arn:aws:iam::111122223333:role/reader"
START_URL = "https://example.awsapps.com/start"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"

# Each with characters that change in an encoding.
KEY = "wJalr+MARKED/K7MDENG+bPxRfiCY=="
TOKEN = "MARKED+Session/Token=="
OTHER = "MARKED/other+secret"  # of a process, a file, a server
BEARER = "bedrock-api-key-MARKED+Bearer/Token="
SECRETS = (KEY, TOKEN, OTHER, BEARER)
PART = 12
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": KEY, "session_token": TOKEN}


def spellings(secret: str) -> set[str]:
    """A secret, and every part of it that is too long for a coincidence, as it may turn up."""
    data = secret.encode()
    found = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], data.hex()}
    found |= {quote(secret), quote(secret, safe=""), quote(secret, safe="").replace("%2F", "%2f")}
    found |= {secret.replace("/", "\\/"), secret.replace("+", "&#43;")}
    for before in range(3):  # base64 looks otherwise at each of three offsets
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters that what stands around the secret has a part in.
            found.add(encode(b"\0" * before + data).decode()[4 if before else 0 : -4])
    return {text[at : at + PART] for text in found for at in range(len(text) - PART + 1)}


FORBIDDEN = sorted(set().union(*map(spellings, SECRETS)))


def leaks(text: str) -> list[str]:
    return [each for each in FORBIDDEN if each in text]


def everything_about(error: BaseException) -> str:
    """What a program, a log or a crash reporter may show of an error."""
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(error.args),
            repr(vars(error)),
            *getattr(error, "__notes__", ()),
            *traceback.format_exception(error),
            repr(pickle.loads(pickle.dumps(error)).args),
        ]
    )


@pytest.fixture
def heard(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[list[str]]:
    """What is said during a test; searched when it ends, with all logs and all output."""
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield said
    said += [str(warning.message) for warning in warned]
    said += [record.getMessage() + repr(record.args) for record in caplog.records]
    said += capfd.readouterr()
    assert leaks("\n".join(said)) == []


def test_the_search_finds_what_it_looks_for() -> None:
    for secret in SECRETS:
        assert leaks(f"...{secret}...")
        assert leaks(f"...{secret[3:-4]}...")
        assert leaks(quote(f"key={secret}&x", safe="&="))
        assert leaks(quote(secret, safe=""))
        for before in ("", "u", "us", "user:"):
            assert leaks(base64.b64encode(f"{before}{secret} and more".encode()).decode())
        assert leaks(secret.encode().hex())
        assert leaks(json.dumps({"secret": secret}))
    assert leaks("the secret access key of AKIDEXAMPLE is not told") == []


# --- Objects --------------------------------------------------------------------------------------


def test_no_object_shows_its_secrets(heard: list[str]) -> None:
    credentials = costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN)
    core = _core.Client(KEYS, environment={"AWS_BEARER_TOKEN_BEDROCK": BEARER})
    operation = preparing.prepare(core, "POST", MANTLE, [], BODY).operation
    tokens = _core.BearerTokens(REGION, 60, credentials, print)
    for each in (credentials, core, operation, tokens):
        heard += [repr(each), str(each), f"{each}"]
        with pytest.raises(TypeError) as caught:  # a pickle goes to places that nobody looks after
            pickle.dumps(each)
        heard.append(str(caught.value))
    provider = costmark.token_provider(region=REGION, credentials=credentials)
    heard += [repr(provider), str(provider)]


@pytest.mark.parametrize(
    "options",
    [
        {"auth": "sigv4", **KEYS},
        {"auth": "bearer", "bearer_token": BEARER},
        {"auth": "sigv4", "credentials": costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN)},
    ],
)
@pytest.mark.parametrize("sdk", ["openai.OpenAI", "anthropic.Anthropic"])
def test_no_wrapped_client_shows_them(heard: list[str], options: dict[str, Any], sdk: str) -> None:
    module, name = sdk.split(".")
    make = getattr(pytest.importorskip(module), name)
    client = make(base_url="https://gateway.example", api_key="unused")
    with costmark.wrap(client, region=REGION, **options):
        (wrapped,) = (value for name, value in vars(client).items() if "costmark" in name)
        for each in (client, client._client, client.copy(), wrapped):
            heard += [repr(each), str(each)]
        heard.append(repr([getattr(wrapped, name, None) for name in type(wrapped).__slots__]))


WRONG: dict[str, Callable[[], object]] = {
    "control character": lambda: costmark.Credentials("AKIDEXAMPLE", KEY + "\n", TOKEN),
    "NUL": lambda: costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN + "\x00"),
    "no id": lambda: costmark.Credentials("", KEY, TOKEN),
    "a list": lambda: costmark.Credentials("AK", [KEY], TOKEN),  # type: ignore[arg-type]
    "a text for a time": lambda: costmark.Credentials(
        "AK",
        KEY,
        expires_at=OTHER,  # type: ignore[arg-type]
    ),
    "unknown argument": lambda: costmark.Credentials(
        "AK",
        KEY,
        expires=OTHER,  # type: ignore[call-arg]
    ),
    "half a pair": lambda: prepare({"secret_access_key": KEY}),
    "the other half": lambda: prepare({"access_key_id": "AK", "session_token": TOKEN}),
    "unknown option": lambda: prepare({"secret_acces_key": KEY}),
    "two proofs": lambda: prepare({"bearer_token": BEARER, **KEYS}),
    "a password": lambda: prepare({"base_url": f"https://user:{OTHER}@gateway.example/v1"}),
    "a token that breaks a line": lambda: prepare({"bearer_token": BEARER + "\n"}),
    "a token with a space": lambda: prepare(bearer_token=lambda: BEARER + " "),
    "a tuple": lambda: prepare(credentials=lambda: (KEY, TOKEN)),
    "a header that breaks a line": lambda: signing(headers=[("x-amz-meta", f"{OTHER}\r\nx: y")]),
    "a bearer that breaks a line": lambda: signing(headers=[("authorization", f"{BEARER}\n")]),
    "a password to sign": lambda: signing(url=f"https://user:{OTHER}@h.example/"),
    "a region that is none": lambda: signing(region=f"{REGION} {OTHER}"),
    "expired": lambda: signing(expires_at=1000),
}


@pytest.mark.parametrize("kind", WRONG)
def test_arguments_that_are_wrong(heard: list[str], kind: str) -> None:
    with pytest.raises((costmark.Error, TypeError, ValueError)) as caught:
        WRONG[kind]()
    heard.append(everything_about(caught.value))


def test_callbacks_that_raise(heard: list[str]) -> None:
    """What the host raised is the cause of our error; neither it nor the log repeats its text."""

    def ask() -> costmark.Credentials:
        if heard:
            raise RuntimeError(f"the vault of {OTHER} said {KEY}")
        heard.append("asked")
        return costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN, expires_at=time.time() + 3)

    def log(_: int, line: str) -> None:
        heard.append(line)

    client = _core.Client({}, credentials=ask, environment={}, log=log)
    with pytest.raises(costmark.CredentialsError) as caught:  # noqa: PT012 - until they have expired
        while True:
            preparing.prepare(client, "POST", MANTLE, [], BODY)
            time.sleep(0.05)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert any("could not be refreshed" in line for line in heard)
    heard += [str(caught.value), repr(caught.value)]


def prepare(options: dict[str, str] | None = None, **more: Any) -> preparing.Outgoing:
    client = _core.Client(options or {}, environment={}, **more)
    return preparing.prepare(client, "POST", MANTLE, [], BODY)


def signing(
    url: str = "https://h.example/", expires_at: int | None = None, **more: Any
) -> dict[str, str]:
    credentials = costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN, expires_at=expires_at)
    arguments = {"region": REGION, "service": "bedrock-mantle", **more}
    return costmark.sign("POST", url, credentials=credentials, **arguments)


# --- Files ----------------------------------------------------------------------------------------

FILES = {
    "a line without '='": f"[default]\naws_access_key_id = AK\n{KEY}\n",
    "no section": f"aws_secret_access_key = {KEY}\n",
    "a section that does not end": f"[default\naws_secret_access_key = {KEY}\n",
    "a secret for a section": f"[{KEY}\n",
    "half a pair": f"[default]\naws_secret_access_key = {KEY}\naws_session_token = {TOKEN}\n",
    "the other half": f"[default]\naws_access_key_id = {OTHER}\n",
    "control characters": f"[default]\naws_access_key_id = AK\naws_secret_access_key = {KEY}\x01\n",
    "no UTF-8": f"[default]\naws_access_key_id = AK\xff\naws_secret_access_key = {KEY}\n",
    "twice": f"[default]\naws_secret_access_key = {KEY}\naws_secret_access_key = {OTHER}\n",
    "indented": f"[default]\n  aws_secret_access_key = {KEY}\n",
    "a key with a space": f"[default]\naws secret {KEY} = x\n",
    "a huge line": f"[default]\naws_secret_access_key = {KEY * 40_000}\n",
    "a role without a source": f"[default]\nrole_arn = {ROLE}\naws_secret_access_key = {KEY}\n",
    "a source that is not there": f"[default]\nrole_arn = {ROLE}\nsource_profile = gone\n"
    f"external_id = {OTHER}\naws_secret_access_key = {KEY}\n",
    "a circle": f"[default]\nrole_arn = {ROLE}\nsource_profile = default\n",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", ["credentials", "config"])
def test_files_that_are_wrong(heard: list[str], tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[kind].encode("latin-1"))
    variables = environment(tmp_path)
    heard += [failure_of(variables), explained(variables)]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Files in a folder, and nothing beyond this machine."""
    return {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
        **more,
    }


def failure_of(variables: dict[str, str]) -> str:
    """All that is said when there are no credentials to be had."""
    logged: list[str] = []
    client = _core.Client({}, environment=variables, log=lambda _, line: logged.append(line))
    with pytest.raises(costmark.Error) as caught:
        preparing.prepare(client, "POST", MANTLE, [], BODY)
    return "\n".join([everything_about(caught.value), *logged])


def explained(variables: dict[str, str]) -> str:
    """What the doctor says about it."""
    return repr(_core.explain_credentials("", variables))


# --- Programs -------------------------------------------------------------------------------------

PROGRAMS = {
    "fails and tells": f"import sys; print({OTHER!r}); sys.exit({OTHER!r})",
    "no JSON": f"print({OTHER!r})",
    "a version of its own": f'print(\'{{"Version":2,"SecretAccessKey":"{KEY}"}}\')',
    "half of it": f'print(\'{{"Version":1,"SecretAccessKey":"{KEY}"}}\')',
    "of another type": f'print(\'{{"Version":1,"AccessKeyId":"A","SecretAccessKey":["{KEY}"]}}\')',
    "expired": "import json; print(json.dumps({'Version': 1, 'AccessKeyId': 'AK',"
    f" 'SecretAccessKey': {KEY!r}, 'SessionToken': {TOKEN!r}, 'Expiration': {PAST!r}}}))",
    "a date that is none": "import json; print(json.dumps({'Version': 1, 'AccessKeyId': 'AK',"
    f" 'SecretAccessKey': {KEY!r}, 'Expiration': {OTHER!r}}}))",
    "too much": f"print({OTHER!r} * 100_000)",
    "killed": f"import os; os.write(2, {OTHER.encode()!r}); os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_programs_that_fail(heard: list[str], tmp_path: Path, kind: str) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAMS[kind])
    (tmp_path / "config").write_text(
        f'[default]\ncredential_process = "{sys.executable}" "{script}" --password {OTHER}\n'
    )
    variables = environment(tmp_path)
    said = failure_of(variables)
    assert "credential_process" in said
    heard += [said, explained(variables)]


def test_a_program_that_is_not_there(heard: list[str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"[default]\ncredential_process = /no/such --token {OTHER}\n")
    heard.append(failure_of(environment(tmp_path)))
    (tmp_path / "config").write_text(f'[default]\ncredential_process = "/no {OTHER}\n')
    heard.append(failure_of(environment(tmp_path)))


# --- Endpoints: each answers with errors and garbage that quote what they were told ---------------

QUOTED = f"{KEY} {TOKEN} {OTHER} {BEARER}"
XML = (
    "<ErrorResponse><Error><Code>AccessDenied</Code>"
    f"<Message>denied: {QUOTED}</Message></Error></ErrorResponse>"
)
HALF_XML = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
    f"<SecretAccessKey>{KEY}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>"
    f"<Expiration>{OTHER}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)


def answers() -> dict[str, Callable[[Any, Received], None]]:
    def text(status: int, body: str, **headers: str) -> Callable[[Any, Received], None]:
        def answer(handler: Any, _: Received) -> None:
            handler.send_response(status, QUOTED)
            handler.send_header("content-length", str(len(body.encode())))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body.encode())

        return answer

    def document(**members: object) -> Callable[[Any, Received], None]:
        return lambda handler, _: answer_json(handler, members)

    quoting = {"code": OTHER, "message": QUOTED, "error": QUOTED, "error_description": QUOTED}
    return {
        "400": lambda handler, _: answer_json(handler, quoting, 400),
        "401": lambda handler, _: answer_json(handler, quoting, 401, x_amzn_errortype=OTHER),
        "403 as XML": text(403, XML, content_type="text/xml"),
        "404": text(404, QUOTED),
        "garbage": text(200, QUOTED),
        "broken JSON": text(200, json.dumps({"AccessKeyId": KEY, "Token": TOKEN})[:-1]),
        "half of it as XML": text(200, HALF_XML, content_type="text/xml"),
        "broken XML": text(200, XML[:-9], content_type="text/xml"),
        "half of it": document(
            SecretAccessKey=KEY, Token=TOKEN, roleCredentials={"secretAccessKey": KEY}
        ),
        "expired": document(
            AccessKeyId="AK", SecretAccessKey=KEY, Token=TOKEN, Expiration=PAST, Code="Success",
            roleCredentials={
                "accessKeyId": "AK", "secretAccessKey": KEY, "sessionToken": TOKEN, "expiration": 1
            },
        ),
        "a date that is none": document(
            AccessKeyId="AK", SecretAccessKey=KEY, Token=TOKEN, Expiration=OTHER, Code=OTHER,
            roleCredentials={
                "accessKeyId": "AK", "secretAccessKey": KEY, "sessionToken": TOKEN,
                "expiration": OTHER,
            },
        ),
        "elsewhere": text(302, QUOTED, location=f"http://127.0.0.1:9/?token={quote(TOKEN)}"),
    }  # fmt: skip


def container(folder: Path, url: str) -> dict[str, str]:
    return environment(
        folder,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{url}/credentials?key={quote(OTHER)}",
        AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN,
    )


def pod_identity(folder: Path, url: str) -> dict[str, str]:
    (folder / "token").write_text(TOKEN)
    return environment(
        folder,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{url}/credentials",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(folder / "token"),
    )


def instance(folder: Path, url: str) -> dict[str, str]:
    return environment(
        folder, AWS_EC2_METADATA_SERVICE_ENDPOINT=url, AWS_EC2_METADATA_DISABLED="false"
    )


def assumed_role(folder: Path, url: str) -> dict[str, str]:
    (folder / "config").write_text(
        f"[default]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = {OTHER}\n"
        f"[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {KEY}\n"
        f"aws_session_token = {TOKEN}\n"
    )
    return environment(folder, AWS_ENDPOINT_URL_STS=url)


def web_identity(folder: Path, url: str) -> dict[str, str]:
    (folder / "token").write_text(TOKEN)
    return environment(
        folder,
        AWS_ENDPOINT_URL_STS=url,
        AWS_ROLE_ARN=ROLE,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(folder / "token"),
    )


def single_sign_on(folder: Path, url: str, expires_at: str = FUTURE) -> dict[str, str]:
    (folder / "config").write_text(
        "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = reader\n"
        f"[sso-session corp]\nsso_region = {REGION}\nsso_start_url = {START_URL}\n"
    )
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    token = {
        "startUrl": START_URL,
        "region": REGION,
        "accessToken": TOKEN,
        "expiresAt": expires_at,
        "clientId": "client",
        "clientSecret": OTHER,
        "registrationExpiresAt": FUTURE,
        "refreshToken": BEARER,
    }
    name = hashlib.sha1(b"corp").hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    return environment(folder, AWS_ENDPOINT_URL_SSO=url, AWS_ENDPOINT_URL_SSO_OIDC=url)


def expired_sign_on(folder: Path, url: str) -> dict[str, str]:
    return single_sign_on(folder, url, PAST)


def login(folder: Path, url: str) -> dict[str, str]:
    session = "arn:aws:iam::111122223333:user/me"
    (folder / "config").write_text(f"[default]\nlogin_session = {session}\nregion = {REGION}\n")
    cache = folder / ".aws" / "login" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    token = {
        "accessToken": {
            "accessKeyId": "AKIDEXAMPLE",
            "secretAccessKey": KEY,
            "sessionToken": TOKEN,
            "accountId": "111122223333",
            "expiresAt": PAST,
        },
        "tokenType": "aws_sigv4",
        "refreshToken": BEARER,
        "idToken": OTHER,
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key.decode(),
    }
    name = hashlib.sha256(session.encode()).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    return environment(folder, AWS_ENDPOINT_URL_SIGNIN=url)


# What says which source it was, and where that is set up.
NAMED = {
    "container": "AWS_CONTAINER_CREDENTIALS_FULL_URI|from container",
    "pod_identity": "AWS_CONTAINER_CREDENTIALS_FULL_URI|from container",
    "instance": "EC2 instance",
    "assumed_role": "config:2.*AssumeRole|config:2.*connect",
    "web_identity": "AWS_WEB_IDENTITY_TOKEN_FILE",
    "single_sign_on": r"SSO \(.*config:3\)",
    "expired_sign_on": r"SSO \(.*config:3\).*run 'aws sso login|could not be renewed",
    "login": r"aws login \(.*config:2\).*run 'aws login|could not be renewed",
}
SOURCES = {
    each.__name__: each
    for each in (
        container, pod_identity, instance, assumed_role, web_identity, single_sign_on,
        expired_sign_on, login,
    )
}  # fmt: skip


def test_endpoints_that_fail(heard: list[str], tmp_path: Path) -> None:
    """Every source against every answer, side by side, as most of the time is spent waiting."""

    def fail(source: str, kind: str) -> str:
        folder = tmp_path / f"{source} {kind}"
        folder.mkdir()
        if kind == "nobody there":
            return failure_of(SOURCES[source](folder, "http://127.0.0.1:9"))
        with run_recorder() as server:
            server.answer = answers()[kind]
            said = failure_of(SOURCES[source](folder, server.url))
            assert server.requests, f"{source} was not asked"
            return said

    pairs = [(source, kind) for source in SOURCES for kind in (*answers(), "nobody there")]
    with ThreadPoolExecutor(24) as pool:
        for pair, said in zip(pairs, pool.map(lambda pair: fail(*pair), pairs), strict=True):
            assert leaks(said) == [], pair
            assert re.search(NAMED[pair[0]], said), (pair, said)
            heard.append(said)


@pytest.mark.parametrize("source", ["sso", "login"])
def test_cached_tokens_that_are_broken(heard: list[str], tmp_path: Path, source: str) -> None:
    prepare = single_sign_on if source == "sso" else login
    variables = prepare(tmp_path, "http://127.0.0.1:9")
    (file,) = (tmp_path / ".aws" / source / "cache").glob("*.json")
    whole = file.read_text()
    for broken in (whole[:-2], QUOTED, "[]", "{}", whole.replace(f'"{TOKEN}"', f'["{TOKEN}"]')):
        file.write_text(broken)
        heard.append(failure_of(variables))


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://example.com/{OTHER}"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"https://user:{OTHER}@127.0.0.1:9/"},
        {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"},
        {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": KEY + "\n"},
        {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_CREDENTIAL_EXPIRATION": PAST,
        },
        {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_CREDENTIAL_EXPIRATION": OTHER,
        },
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": TOKEN + "\r\nx: y",
        },
    ],
)
def test_variables_that_are_wrong(
    heard: list[str], tmp_path: Path, variables: dict[str, str]
) -> None:
    heard.append(failure_of(environment(tmp_path, **variables)))


# --- Calls and commands ---------------------------------------------------------------------------


def test_calls_that_work_and_calls_that_are_refused(heard: list[str], bedrock: Emulator) -> None:
    """With every logger at debug; the SDK's own must not get to see what is ours either."""
    openai = pytest.importorskip("openai")
    issued = bedrock.fetch("/_emulator/credentials")
    good = costmark.Credentials(
        issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]
    )
    wrong = costmark.Credentials("AKIDEXAMPLE", KEY, TOKEN)
    for credentials, works in ((good, True), (wrong, False)):
        client = openai.OpenAI(base_url=bedrock.base_url, api_key="unused", max_retries=0)
        with costmark.wrap(client, auth="sigv4", region=REGION, credentials=credentials):
            try:
                client.chat.completions.create(model=MODEL, messages=MESSAGES)
                assert works
            except openai.AuthenticationError as error:
                assert not works
                heard += [str(error), repr(error), *traceback.format_exception(error)]
    assert issued["SecretAccessKey"] not in "\n".join(heard)


def test_the_winner_is_logged_without_its_secret(heard: list[str]) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": TOKEN}
    for variables in (keys, {"AWS_BEARER_TOKEN_BEDROCK": BEARER}):
        before = len(heard)
        client = _core.Client({}, environment=variables, log=lambda _, line: heard.append(line))
        preparing.prepare(client, "POST", MANTLE, [], BODY)
        assert len(heard) > before


@pytest.mark.parametrize(
    "command",
    [
        ["doctor", "credentials"],
        ["doctor", "attribution", "--project", "proj_a", "--base-url", "http://127.0.0.1:9/v1"],
        ["doctor", "attribution", "--option", f"bearer_token={BEARER}", "--option", "auth=maybe"],
        ["doctor", "attribution", "--option", f"secret_acess_key={KEY}", "--json"],
        ["options"],
        ["token", "--expires-in", "0"],
    ],
)
@pytest.mark.parametrize("broken", [False, True])
def test_commands(heard: list[str], tmp_path: Path, command: list[str], broken: bool) -> None:
    variables = environment(
        tmp_path,
        AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY=KEY + ("\x01" if broken else ""),
        AWS_SESSION_TOKEN=TOKEN,
        AWS_BEARER_TOKEN_BEDROCK=BEARER,
        PYTHONPATH=os.pathsep.join(sys.path),
    )
    done = subprocess.run(
        [sys.executable, "-m", "costmark.cli", *command],
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout + done.stderr
    heard += [done.stdout, done.stderr]
