"""The credentials endpoints of containers and instances, beside botocore's own clients of them."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import os
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest import mock

import botocore.session  # type: ignore[import-untyped,unused-ignore]
import botocore.utils  # type: ignore[import-untyped,unused-ignore]
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import costmark
from costmark import _core
from credentials.metadata_fakes import (
    Answer,
    Asked,
    Endpoints,
    Fakes,
    Script,
    always,
    credentials,
    in_seconds,
    in_turn,
    raw,
    run_fakes,
)
from credentials.outcome import Outcome as Found
from credentials.outcome import ask_session
from preparing import prepare

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
IMDS = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
ATTEMPTS = "AWS_METADATA_SERVICE_NUM_ATTEMPTS"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret-env"}

# botocore's name of a source, and the end of costmark's.
SOURCES = {
    "env": "environment",
    "config-file": "config file",
    "container-role": "container",
    "iam-role": "EC2 instance metadata",
}

REFUSED = "Code other than Success"
FINAL = "a client error is final"
LARGE = "answers over 1 MiB"
EMPTY = "an empty variable"
UNUSED = "settings that are not needed"
EMPTY_TOKEN = "an empty token file"


@dataclass(frozen=True)
class Case:
    """An environment; ``{url}`` stands for the fakes, ``{home}`` for a folder with token files."""

    name: str
    variables: dict[str, str]
    endpoints: Endpoints = field(default_factory=Endpoints)
    config: str = ""
    differs: str = ""  # on purpose: the two need not agree, but must as this says
    requests_differ: bool = False


# --- behaviors

BROKEN: dict[str, Script] = {
    **{str(status): always(status, "secret-body") for status in (400, 401, 403, 404, 405)},
    **{str(status): always(status, "secret-body") for status in (429, 500, 503)},
    "redirect": always(302, headers=(("location", "/elsewhere"),)),
    "204": always(204),
    "empty": always(200),
    "hangs up": raw(b""),
    "garbage": raw(b"secret-garbage\r\n\r\n"),
}
NO_CREDENTIALS: dict[str, Script] = {
    "no JSON": always(200, "secret-body"),
    "half": always(200, credentials()[:-5]),
    "a list": always(200, f"[{credentials()}]"),
    "a number": always(200, "1"),
    "no members": always(200, "{}"),
    "refused": always(200, '{"Code": "AccessDenied", "Message": "secret-body"}'),
    "no id": always(200, credentials(AccessKeyId=...)),
    "no secret": always(200, credentials(SecretAccessKey=...)),
    "no token": always(200, credentials(Token=...)),
    "no expiration": always(200, credentials(Expiration=...)),
    "null expiration": always(200, credentials(Expiration=None)),
    "bad expiration": always(200, credentials(Expiration="soon")),
    "null id": always(200, credentials(AccessKeyId=None)),
    "empty id": always(200, credentials(AccessKeyId="")),
    "line break in id": always(200, credentials(AccessKeyId="A\nB")),
}
GOOD: dict[str, Script] = {
    "plain": always(200, credentials()),
    "null token": always(200, credentials(Token=None)),
    "account": always(200, credentials(AccountId="111122223333")),
    "more": always(200, credentials(Type="AWS-HMAC", RoleArn="arn:x", More={"Token": ["x"]})),
    "escapes": always(200, credentials(Token="t/+=\u00e9").replace("secret-", "secret\\u002d")),
    "twice": always(200, credentials()[:-1] + ', "AccessKeyId": "AKIDSECOND"}'),
    "offset": always(200, credentials(Expiration="2999-01-02T03:04:05+01:00")),
    "fraction": always(200, credentials(Expiration="2999-01-02T03:04:05.678Z")),
    "an hour": lambda _asked, _number: Answer(200, credentials("fake", in_seconds(3600))),
    "white space": always(200, "\r\n " + credentials() + "\n"),
}
BAD_TWICE = [
    in_turn(BROKEN["500"], BROKEN["hangs up"], GOOD["plain"]),
    in_turn(NO_CREDENTIALS["no JSON"], BROKEN["503"], GOOD["plain"]),
]


# --- environments with a container's endpoint


def wants(token: str) -> Endpoints:
    def answer(asked: Asked, _number: int) -> Answer:
        if asked.header("authorization") != token:
            return Answer(500, "secret-body")
        return Answer(200, credentials("container"))

    return Endpoints(container=answer)


def container_cases() -> Iterator[Case]:
    own = {FULL: "{url}/container/v1?a=b"}
    for name, script in (BROKEN | NO_CREDENTIALS | GOOD).items():
        final = name in {"400", "401", "403", "404", "405"}
        yield Case(
            f"container answers: {name}",
            own,
            Endpoints(container=script),
            requests_differ=final,
        )
    for number, script in enumerate(BAD_TWICE):
        yield Case(f"container is bad twice: {number}", own, Endpoints(container=script))
    once_404 = Endpoints(container=in_turn(BROKEN["404"], GOOD["plain"]))
    yield Case("container is 404 once", own, once_404, differs=FINAL)
    large = credentials(Padding="x" * (2 << 20))
    yield Case("container: large", own, Endpoints(container=always(200, large)), differs=LARGE)
    not_success = always(200, credentials(Code="Failed"))
    yield Case("container: Failed", own, Endpoints(container=not_success), differs=REFUSED)
    expired = always(200, credentials(Expiration="2001-01-02T03:04:05Z"))
    yield Case("container: expired", own, Endpoints(container=expired), requests_differ=True)

    yield Case("token", {**own, TOKEN: "Basic abc="}, wants("Basic abc="))
    yield Case("token of another", {**own, TOKEN: "Basic abd="}, wants("Basic abc="))
    yield Case("token file", {**own, TOKEN_FILE: "{home}/token"}, wants("from-file"))
    both = {**own, TOKEN: "variable", TOKEN_FILE: "{home}/token"}
    yield Case("token file and token", both, wants("from-file"))
    for name in ("missing", "with-line-end", "with-carriage-return", "folder"):
        yield Case(f"token file {name}", {**own, TOKEN_FILE: f"{{home}}/{name}"})
        yield Case(f"token file {name}, token", {**own, TOKEN: "t", TOKEN_FILE: f"{{home}}/{name}"})
    yield Case("empty token file", {**own, TOKEN_FILE: "{home}/empty"}, differs=EMPTY_TOKEN)
    for text in ("a\n", "a\r", "a\r\nb: c"):
        yield Case(f"token {text!r}", {**own, TOKEN: text})

    for url in (
        "http://10.0.0.1/x",
        "http://169.254.170.3/x",
        "http://169.254.169.254/x",
        "http://metadata.example/x",
        "http://localhost.example/x",
        "http://127.0.0.1.example/x",
        "http://127.1/x",
        "http://[fd00:ec2::24]/x",
        "ftp://10.0.0.1/x",
        "10.0.0.1/x",
        "/x",
        "nonsense",
        "https://127.0.0.1:1/nobody",
        "http://127.0.0.1:1/nobody",
    ):
        yield Case(f"container at {url}", {FULL: url})
    yield Case("container by name", {FULL: "{url-by-name}/container"})
    yield Case("container, keys", {**own, **KEYS})
    yield Case("container, instance", {**own, IMDS: "{url}"})
    both_fail = Endpoints(container=BROKEN["403"])
    yield Case("container fails, instance", {**own, IMDS: "{url}"}, both_fail, requests_differ=True)
    yield Case("empty container, instance", {FULL: "", IMDS: "{url}"}, differs=EMPTY)
    keyed = "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret-file\n"
    yield Case("container, config file", own, config=keyed)


# --- environments with an instance's endpoint


def instance_cases() -> Iterator[Case]:
    own = {IMDS: "{url}"}
    settings: dict[str, tuple[dict[str, str], str]] = {
        "": ({}, ""),
        "two attempts": ({ATTEMPTS: "2"}, ""),
        "no version 1": ({"AWS_EC2_METADATA_V1_DISABLED": "true"}, ""),
        "no version 1 in config": ({}, "[default]\nec2_metadata_v1_disabled = True\n"),
    }
    for setting, (variables, config) in settings.items():
        for name, script in BROKEN.items():
            for kind in ("token", "role", "credentials"):
                yield Case(
                    f"instance, {setting}: {kind} is {name}",
                    {**own, **variables},
                    Endpoints(**{kind: script}),
                    config,
                    requests_differ=kind == "token" and name == "empty",
                )
    for name, script in (NO_CREDENTIALS | GOOD).items():
        if name == "account":
            continue  # which botocore reads of containers alone
        yield Case(f"instance answers: {name}", own, Endpoints(credentials=script))
    for number, script in enumerate(BAD_TWICE):
        three = {**own, ATTEMPTS: "3"}
        yield Case(f"instance is bad twice: {number}", three, Endpoints(credentials=script))
        yield Case(f"instance is bad, then done: {number}", own, Endpoints(credentials=script))
    not_success = always(200, credentials(Code="Failed"))
    yield Case("instance: Failed", own, Endpoints(credentials=not_success), differs=REFUSED)
    large = always(200, credentials(Padding="x" * (2 << 20)))
    yield Case("instance: large", own, Endpoints(credentials=large), differs=LARGE)
    for name, time_left in (("long expired", -(10**9)), ("expired", -5), ("nearly expired", 300)):
        script = always(200, credentials(Expiration=in_seconds(time_left)))
        yield Case(f"instance: {name}", own, Endpoints(credentials=script))
    for name, text in (("a page", "<html>secret-body</html>"), ("of another", "other-role")):
        yield Case(f"role {name}", own, Endpoints(role=always(200, text)), requests_differ=True)
    slow = always(200, "secret-late", delay_s=1.3)
    yield Case("slow token", own, Endpoints(token=slow))
    yield Case("slow role", own, Endpoints(role=slow))
    yield Case("slow credentials", own, Endpoints(credentials=slow))
    for name in ("AWS_METADATA_SERVICE_TIMEOUT", ATTEMPTS):
        for value in ("0", "-1", "x", "1.5"):
            yield Case(f"{name}={value}", {**own, name: value})
            wrong = value in {"x", "1.5"}
            unused = {**own, **KEYS, name: value}
            yield Case(f"{name}={value}, keys", unused, differs=UNUSED if wrong else "")
    mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
    for value in ("ipv4", "IPv6", "ipv6"):
        yield Case(f"mode {value}", {**own, mode: value})
    yield Case("mode ipv7", {**own, mode: "ipv7"})
    yield Case("mode ipv7, keys", {**own, **KEYS, mode: "ipv7"}, differs=UNUSED)
    for value in ("true", "True", "TRUE"):
        yield Case(f"disabled {value}", {**own, "AWS_EC2_METADATA_DISABLED": value})
    for value in ("false", "1", "no"):
        yield Case(f"disabled {value}", {**own, "AWS_EC2_METADATA_DISABLED": value})
    for value in ("{url}/", "http://127.0.0.1:1", "127.0.0.1:1", "nonsense", "{url-by-name}"):
        yield Case(f"instance at {value}", {IMDS: value})
    yield Case("instance, keys", {**own, **KEYS})
    config = (
        "[default]\nec2_metadata_service_endpoint = {url}\n"
        "[profile p]\nmetadata_service_num_attempts = 2\n"
    )
    yield Case("instance in config", {}, config=config)
    twice = Endpoints(credentials=in_turn(BROKEN["500"], GOOD["plain"]))
    yield Case("attempts in profile", {**own, "AWS_PROFILE": "p"}, twice, config)
    yield Case("attempts in another profile", own, twice, config)


CASES = [*container_cases(), *instance_cases()]


# --- the two of them


@dataclass
class Outcome(Found):
    """The same, and what was asked."""

    asked: list[Asked] = field(default_factory=list)


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    with run_fakes() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "token").write_text("from-file")
    (home / "with-line-end").write_text("from-file\n")
    (home / "with-carriage-return").write_bytes(b"from\r-file")
    (home / "empty").write_text("")
    (home / "folder").mkdir()
    return home


def environment_of(case: Case, url: str, home: Path) -> dict[str, str]:
    by_name = url.replace("127.0.0.1", "localhost")

    def fill(text: str) -> str:
        filled = text.replace("{url}", url).replace("{url-by-name}", by_name)
        return filled.replace("{home}", str(home))

    config = home / f"config-{url.rpartition('/')[2]}"
    config.write_text(fill(case.config))
    return {
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(config),
        # The addresses of the real services are not asked by tests.
        IMDS: "http://127.0.0.1:1",
        "AWS_METADATA_SERVICE_TIMEOUT": "1",
        # Neither of the two asks them through a proxy.
        "NO_PROXY": "127.0.0.1,localhost",
        **{name: fill(value) for name, value in case.variables.items()},
    }


def ask_botocore(environment: dict[str, str]) -> Outcome:
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(botocore.utils.ContainerMetadataFetcher, "SLEEP_TIME", 0),
    ):
        found = ask_session(SOURCES)
    if not found.source and not found.failure:
        return Outcome(failure="none")
    return Outcome(found.source, found.credentials, found.account, found.failure)


def ask_costmark(environment: dict[str, str]) -> Outcome:
    report = _core.explain_credentials("", environment)
    found = report["credentials"]
    source, failure = report["asked"][-1]
    if found is None or failure:
        return Outcome(failure=f"{source}: {failure}")
    return Outcome(found.source.rpartition(", ")[2], found, found.account_id)


@dataclass(frozen=True)
class Pair:
    case: Case
    theirs: Outcome
    ours: Outcome


@pytest.fixture(scope="module")
def outcomes(fakes: Fakes, home: Path) -> list[Pair]:
    """Every case, asked by both. botocore first: it needs the environment of the process."""
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    theirs: list[Outcome] = []
    for number, case in enumerate(CASES):
        url = fakes.case(f"botocore-{number}", case.endpoints)
        outcome = ask_botocore(environment_of(case, url, home))
        outcome.asked = fakes.asked(f"botocore-{number}")
        theirs.append(outcome)

    def ask(number: int) -> Outcome:
        case = CASES[number]
        url = fakes.case(f"costmark-{number}", case.endpoints)
        outcome = ask_costmark(environment_of(case, url, home))
        outcome.asked = fakes.asked(f"costmark-{number}")
        return outcome

    with ThreadPoolExecutor(32) as pool:  # between two attempts a container's client sleeps
        ours = list(pool.map(ask, range(len(CASES))))
    return [Pair(*each) for each in zip(CASES, theirs, ours, strict=True)]


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 250
    assert len({case.name for case in CASES}) == len(CASES)


def test_same_source_and_same_keys(outcomes: list[Pair]) -> None:
    faults = []
    won = 0
    for pair in outcomes:
        if pair.case.differs:
            continue
        theirs, ours = pair.theirs, pair.ours
        if theirs.credentials and ours.credentials:
            same = theirs.proof() == ours.proof()
            won += 1
        else:
            same = theirs.credentials is None and ours.credentials is None
        if not same:
            faults.append(f"{pair.case.name}: botocore {theirs}, costmark {ours}")
    assert not faults, "\n".join(faults)
    assert won >= 50


def test_same_requests(outcomes: list[Pair]) -> None:
    faults = []
    for pair in outcomes:
        if pair.case.differs or pair.case.requests_differ:
            continue
        if pair.theirs.asked != pair.ours.asked:
            faults.append(f"{pair.case.name}: {pair.theirs.asked}, costmark {pair.ours.asked}")
    assert not faults, "\n".join(faults)


def test_deliberate_differences(outcomes: list[Pair]) -> None:
    """As docs/credentials.md lists them."""
    seen = set()
    for pair in outcomes:
        ours, differs = pair.ours, pair.case.differs
        if not differs:
            continue
        seen.add(differs)
        if differs == EMPTY:
            assert ours.source == "EC2 instance metadata", pair
            assert not pair.theirs.source, pair
        elif differs == UNUSED:
            assert ours.source == "environment", pair
            assert not pair.theirs.source, pair
        else:
            assert pair.theirs.source, pair
            assert not ours.source, pair
    assert seen == {REFUSED, FINAL, LARGE, EMPTY, UNUSED, EMPTY_TOKEN}


def test_no_secret_in_a_failure(outcomes: list[Pair]) -> None:
    for pair in outcomes:
        for secret in ("secret-", "token-fake", "abc=", "from-file", "imds-token", "\n"):
            assert secret not in pair.ours.failure, pair


def test_a_client_error_is_not_repeated(outcomes: list[Pair]) -> None:
    for pair in outcomes:
        if pair.case.name in {f"container answers: {status}" for status in (400, 401, 403, 404)}:
            assert len(pair.ours.asked) == 1
            assert len(pair.theirs.asked) == 3
            assert pair.ours.failure.endswith(f"HTTP status {pair.case.name[-3:]}")


# --- rotation


def access_key_of(client: _core.Client) -> str:
    url = "https://bedrock-mantle.us-east-1.api.aws/v1/responses"
    return prepare(client, "POST", url, [], b'{"model": "m"}', "proj_a").access_key_id


def wait_for_key(client: _core.Client, wanted: str, seconds: float = 5) -> list[str]:
    """The keys in use until the wanted one is; no call may fail meanwhile."""
    keys = [access_key_of(client)]
    end = time.monotonic() + seconds
    while keys[-1] != wanted and time.monotonic() < end:
        time.sleep(0.02)
        keys.append(access_key_of(client))
    assert keys[-1] == wanted
    return keys


def client_of(environment: dict[str, str], log: list[str] | None = None) -> _core.Client:
    def write(_level: int, message: str) -> None:
        if log is not None:
            log.append(message)

    return _core.Client({"auth": "sigv4"}, environment=environment, log=write)


def test_the_containers_token_file_is_rotated(fakes: Fakes, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    number = {"first": 1, "second": 2}

    def answer(asked: Asked, _number: int) -> Answer:
        if asked.header("authorization") != token.read_text():
            return Answer(401, "secret-body")
        name = f"rotated{number[token.read_text()]}"
        return Answer(200, credentials(name, in_seconds(4)))

    url = fakes.case("rotated-token", Endpoints(container=answer))
    client = client_of({FULL: f"{url}/container", TOKEN_FILE: str(token)})
    assert access_key_of(client) == "AKIDROTATED1"
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(token)
    keys = wait_for_key(client, "AKIDROTATED2")
    assert set(keys) == {"AKIDROTATED1", "AKIDROTATED2"}
    assert [each.header("authorization") for each in fakes.asked("rotated-token")][:2] == [
        "first",
        "second",
    ]


def test_the_instances_credentials_are_rotated(fakes: Fakes) -> None:
    first, second = credentials("one", in_seconds(3)), credentials("two", in_seconds(3600))
    rotating = in_turn(always(200, first), always(200, second))
    url = fakes.case("rotated-role", Endpoints(credentials=rotating))
    client = client_of({IMDS: url})
    keys = wait_for_key(client, "AKIDTWO")
    assert keys[0] == "AKIDONE"
    paths = [each.path.rpartition("/")[2] for each in fakes.asked("rotated-role")]
    assert paths == ["token", "", "my-role"] * 2


def test_an_instance_whose_service_fails_keeps_its_credentials(fakes: Fakes) -> None:
    once = in_turn(always(200, credentials("kept", in_seconds(1))), BROKEN["503"])
    url = fakes.case("outage", Endpoints(credentials=once))
    log: list[str] = []
    client = client_of({IMDS: url}, log)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert access_key_of(client) == "AKIDKEPT"
        time.sleep(0.05)
    assert len(fakes.asked("outage")) > 3
    assert not [line for line in log if "secret" in line]


def test_a_container_that_fails_ends_with_its_credentials(fakes: Fakes) -> None:
    expiration = in_seconds(2)
    once = in_turn(always(200, credentials("kept", expiration)), BROKEN["403"])
    url = fakes.case("container-outage", Endpoints(container=once))
    client = client_of({FULL: f"{url}/container"})

    def use_for_10_seconds() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            assert access_key_of(client) == "AKIDKEPT"
            time.sleep(0.02)

    with pytest.raises(costmark.Error, match="answered with HTTP status 403"):
        use_for_10_seconds()
    assert in_seconds(0) >= expiration


def test_many_threads_ask_an_instance_once(fakes: Fakes) -> None:
    slowly = always(200, credentials("shared"), delay_s=0.2)
    url = fakes.case("threads", Endpoints(credentials=slowly))
    client = client_of({IMDS: url})
    with ThreadPoolExecutor(32) as pool:
        keys = list(pool.map(lambda _: access_key_of(client), range(64)))
    assert set(keys) == {"AKIDSHARED"}
    assert len(fakes.asked("threads")) == 3


# --- TLS


@dataclass(frozen=True)
class Certificate:
    path: Path  # with its key

    @classmethod
    def make(cls, folder: Path, name: str, valid_days: int = 1) -> Certificate:
        """Signed by itself, for the address 127.0.0.1 or for a host name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "costmark test")])
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
        for_name: x509.GeneralName = x509.DNSName(name)
        if name[0].isdigit():
            for_name = x509.IPAddress(ipaddress.ip_address(name))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=2 + valid_days))
            .add_extension(x509.SubjectAlternativeName([for_name]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = folder / f"{name}-{valid_days}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return cls(path)


class _TlsHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = credentials("tls").encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


class _TlsServer(HTTPServer):
    def __init__(self, certificate: Certificate, newest: ssl.TLSVersion) -> None:
        super().__init__(("127.0.0.1", 0), _TlsHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.path)
        if newest < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        self._context = context

    def finish_request(self, request: object, client_address: object) -> None:
        try:
            with self._context.wrap_socket(request, server_side=True) as secured:  # type: ignore[arg-type]
                super().finish_request(secured, client_address)
        except (OSError, ssl.SSLError):
            pass  # the client did not want it


def ask_over_tls(
    served: Certificate,
    trusted: str,
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    **more: str,
) -> Outcome:
    server = _TlsServer(served, newest)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"https://127.0.0.1:{server.server_port}/secret-path"
        return ask_costmark({FULL: url, "AWS_CA_BUNDLE": trusted, **more})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_tls_with_the_bundle_of_the_environment(tmp_path: Path) -> None:
    own = Certificate.make(tmp_path, "127.0.0.1")
    assert ask_over_tls(own, str(own.path)).source == "container"
    at_home = ask_over_tls(own, f"~/{own.path.name}", HOME=str(tmp_path))
    assert at_home.source == "container"
    oldest = ask_over_tls(own, str(own.path), ssl.TLSVersion.TLSv1_2)
    assert oldest.source == "container"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_that_is_not_to_be_trusted(tmp_path: Path) -> None:
    own = Certificate.make(tmp_path, "127.0.0.1")
    other_name = Certificate.make(tmp_path, "metadata.example")
    expired = Certificate.make(tmp_path, "127.0.0.1", valid_days=-1)
    failures = {
        "self signed": ask_over_tls(own, ""),
        "another's": ask_over_tls(own, str(other_name.path)),
        "another name": ask_over_tls(other_name, str(other_name.path)),
        "expired": ask_over_tls(expired, str(expired.path)),
        "no bundle": ask_over_tls(own, str(tmp_path / "missing.pem")),
        "no home": ask_over_tls(own, "~/ca.pem"),
        "an empty bundle": ask_over_tls(own, "/dev/null"),
        "TLS 1.1": ask_over_tls(own, str(own.path), ssl.TLSVersion.TLSv1_1),
    }
    for name, outcome in failures.items():
        assert not outcome.source, name
        assert outcome.failure.startswith(f"container: {FULL}: https://127.0.0.1:"), outcome
        assert "secret-path" not in outcome.failure, name
    assert "certificate" in failures["self signed"].failure
    missing = failures["no bundle"].failure
    assert f": AWS_CA_BUNDLE names {tmp_path / 'missing.pem'}, which is not a readable" in missing
