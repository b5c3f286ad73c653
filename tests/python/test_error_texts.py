"""What a newcomer meets: each error says what was wrong, where, and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest

import costmark
from costmark.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = "https://bedrock-mantle.us-east-1.api.aws/v1"


def wrap(**options: Any) -> Any:
    return costmark.wrap(openai.OpenAI(base_url=HERE, api_key="unused"), **options)


def sign(credentials: Any) -> Any:
    return costmark.sign(
        "POST", HERE, credentials=credentials, region="us-east-1", service="bedrock-mantle"
    )


def nothing() -> None:
    """Decorated below."""


MISTAKES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: wrap(labels={"a": "b"}), costmark.ConfigurationError, "by costmark.labels(...)"),
    (lambda: wrap(team={"a": "b"}), costmark.ConfigurationError, "unknown option 'team'"),
    (lambda: wrap(region={"a": "b"}), costmark.ConfigurationError, "a list of texts, not dict"),
    (
        lambda: wrap(allowed_projects=("proj_a", 2)),
        costmark.ConfigurationError,
        "'allowed_projects' takes text, a number, a boolean or a list of texts, not a tuple with "
        "an item that is int",
    ),
    (
        lambda: wrap(allowed_projects=["proj_a,proj_b"]),
        costmark.ConfigurationError,
        "'proj_a,proj_b' is one item of the list and has a comma",
    ),
    (
        lambda: wrap(credentials={"access_key_id": "A"}),
        TypeError,
        "takes a costmark.Credentials, or a callable that returns one, not dict",
    ),
    (lambda: sign(None), TypeError, "credentials that are a costmark.Credentials, not NoneType"),
    (lambda: costmark.project(nothing), TypeError, '@costmark.project("proj_'),  # type: ignore[arg-type]
    (lambda: costmark.labels("a"), TypeError, "as in labels(feature='search'), not str"),  # type: ignore[arg-type]
    (lambda: costmark.bind("work"), TypeError, "bind() takes a function"),  # type: ignore[type-var]
    (lambda: costmark.patch(hosts=8080), TypeError, "'localhost:8080'], not 8080"),  # type: ignore[arg-type]
    (lambda: costmark.patch(hosts=[b"gateway"]), TypeError, "not [b'gateway']"),  # type: ignore[list-item]
    (
        lambda: costmark.HTTPTransport(httpx.Client()),
        TypeError,
        "such as httpx.HTTPTransport(), not httpx.Client: wrap a client with costmark.wrap()",
    ),
    (
        lambda: costmark.AsyncHTTPTransport(httpx.HTTPTransport()),
        TypeError,
        "AsyncHTTPTransport() takes a transport, such as httpx.AsyncHTTPTransport()",
    ),
]


@pytest.mark.parametrize(("mistake", "kind", "text"), MISTAKES)
def test_mistakes_in_arguments(
    mistake: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as raised:
        mistake()
    assert text in str(raised.value)


def test_a_path_is_a_text(tmp_path: Path) -> None:
    assert wrap(ledger=tmp_path / "ledger", lock=None)


@pytest.mark.parametrize("base", ["/v1/v1", ""])
def test_a_base_url_with_a_v1_too_much_or_none(base: str, caplog: pytest.LogCaptureFixture) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(404))
    client = openai.OpenAI(
        base_url=HERE.removesuffix("/v1") + base,
        api_key="unused",
        max_retries=0,
        http_client=httpx.Client(transport=transport),
    )
    costmark.wrap(client, project="proj_a", auth="none")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="m", messages=[])
    said = "has /v1 twice" if base else "end the base_url of an OpenAI client in /v1"
    assert said in caplog.text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run"], "the following arguments are required: PROGRAM\n"),
        (
            ["run", "--projct", "proj_a", "--", "true"],
            "costmark run: error: there is no option --projct; did you mean --project?",
        ),
        (
            ["run", "--bearer-token", "secret", "true"],
            "there is no option --bearer-token; other users could see it: give it in "
            "COSTMARK_BEARER_TOKEN",
        ),
        (["report", "--group", "model", "x"], "costmark report: error: there is no option --group"),
        (["--versions"], "there is no option --versions; did you mean --version?"),
    ],
)
def test_mistakes_on_the_command_line(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert text in capsys.readouterr().err
