"""Routes of models: hints in logs and errors, requests that go to the right path, the doctor."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest

import costmark
from adapters.clients import SIGNED, create_project, plain, plain_async, signed
from adapters.test_calls import assert_sides_agree
from costmark import _core
from costmark.cli.main import main
from harness import MESSAGES, Emulator, Recorder, answer_json, run_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = "openai.gpt-5.6-sol"  # served under /openai/v1
OTHER = "openai.gpt-oss-120b"  # served under /v1
ON_MANTLE: dict[str, Any] = {**SIGNED, "endpoint": "mantle"}


@pytest.fixture(scope="module")
def _strict_process() -> Iterator[Emulator]:
    with run_emulator("--strict-routes") as emulator:
        yield emulator


@pytest.fixture
def strict(_strict_process: Emulator) -> Emulator:
    """An emulator that refuses models on the wrong path, as the service does."""
    for what in ("usage", "requests"):
        _strict_process.fetch(f"/_emulator/{what}", method="DELETE")
    return _strict_process


@pytest.fixture
def project(strict: Emulator) -> str:
    with signed(strict) as client:
        return create_project(client, "routes")


def notes(error: BaseException) -> list[str]:
    return list(getattr(error, "__notes__", []))


def refused(client: Any, **arguments: Any) -> openai.BadRequestError:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": MODEL, "messages": MESSAGES, **arguments})
    return caught.value


# --- Hints --------------------------------------------------------------------------------------


def test_the_error_says_where_the_model_is_served(strict: Emulator) -> None:
    with costmark.wrap(plain(strict, max_retries=0), **ON_MANTLE) as client:
        error = refused(client)
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.with_raw_response.create(model=MODEL, input="Hello")
    assert error.body == {
        "code": "validation_error",
        "message": f"model `{MODEL}` isn't supported on this route",
        "param": None,
        "type": "invalid_request_error",
    }
    (note,) = notes(error)
    assert note.startswith(f"costmark: model '{MODEL}' is served under /openai/v1")
    assert f"base_url is {strict.url}/openai/v1" in note
    assert notes(caught.value) == [note]
    if hasattr(error, "add_note"):
        assert note in "".join(traceback.format_exception(error))


async def test_asynchronous_errors_say_so_too(strict: Emulator) -> None:
    async with costmark.wrap(plain_async(strict, max_retries=0), **ON_MANTLE) as client:
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(model=MODEL, input="Hello", stream=True)
        with pytest.raises(openai.BadRequestError) as again:
            await client.with_options(timeout=9).responses.create(model=MODEL, input="Hello")
    assert len(notes(caught.value)) == len(notes(again.value)) == 1


@pytest.mark.parametrize(("status", "noted"), [(400, True), (404, True), (403, False)])
def test_only_errors_that_a_wrong_path_gives(recorder: Recorder, status: int, noted: bool) -> None:
    recorder.answer = lambda handler, _: answer_json(handler, {"error": {}}, status)
    with (
        costmark.wrap(plain(recorder), endpoint="mantle", unattributed="allow") as client,
        pytest.raises(openai.APIStatusError) as caught,
    ):
        client.responses.create(model=MODEL, input="Hello")
    assert bool(notes(caught.value)) == noted


def test_other_errors_have_no_note(strict: Emulator) -> None:
    with costmark.wrap(plain(strict, max_retries=0), **ON_MANTLE) as client:
        assert notes(refused(client, model=OTHER, extra_body={"nothing": 1})) == []
        with pytest.raises(openai.NotFoundError) as caught:
            client.responses.create(model="made-up.model", input="Hello")
        assert notes(caught.value) == []
    with costmark.wrap(plain(strict, max_retries=0), **SIGNED) as client:  # may be any gateway
        assert notes(refused(client)) == []


def test_an_unwrapped_client_gives_no_notes(strict: Emulator) -> None:
    with costmark.wrap(plain(strict, max_retries=0, api_key="ABSKEXAMPLE")) as client:
        costmark.unwrap(client)
        assert notes(refused(client)) == []


def test_the_log_says_so_once_per_model(strict: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.WARNING, "costmark"),
        costmark.wrap(plain(strict, max_retries=0), **ON_MANTLE) as client,
    ):
        for model in (MODEL, "openai.gpt-5.6-luna", MODEL):
            refused(client, model=model)
    logged = [record.message for record in caplog.records if "is served under" in record.message]
    assert [MODEL in line for line in logged] == [True, False]


def test_an_anthropic_client_is_told_as_well(strict: Emulator) -> None:
    client = anthropic.Anthropic(base_url=f"{strict.url}/anthropic", api_key="x", max_retries=0)
    arguments: dict[str, Any] = {"max_tokens": 9, "messages": MESSAGES}
    with costmark.wrap(client, **ON_MANTLE):
        with pytest.raises(anthropic.BadRequestError) as caught:
            client.messages.create(model=OTHER, **arguments)
        with pytest.raises(anthropic.NotFoundError) as profile:
            client.messages.create(model="us.anthropic.claude-opus-4-8", **arguments)
    assert "OpenAI client whose base_url is" in notes(caught.value)[0]
    assert "is served by no path of a bedrock-mantle host" in notes(profile.value)[0]


# --- route=auto ---------------------------------------------------------------------------------


def test_requests_go_to_the_path_of_their_model(
    strict: Emulator, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "costmark"),
        costmark.wrap(plain(strict), project=project, route="auto", **ON_MANTLE) as client,
    ):
        strict.fetch("/_emulator/requests", method="DELETE")
        for model in (MODEL, OTHER, MODEL):
            assert client.responses.create(model=model, input="Hello").usage
        for _ in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True):
            pass
        with client.with_options(max_retries=0).responses.stream(
            model=MODEL, input="Hello"
        ) as events:
            events.until_done()
    assert [request["path"] for request in strict.requests()] == [
        "/openai/v1/responses",
        "/v1/responses",
        "/openai/v1/responses",
        "/openai/v1/chat/completions",
        "/openai/v1/responses",
    ]
    assert_sides_agree(strict)
    assert {record["signed_by"] for record in strict.usage()} == {"sigv4"}
    assert sum("option 'route' is auto" in line for line in caplog.messages) == 1


async def test_asynchronous_requests_do(strict: Emulator, project: str) -> None:
    client = plain_async(strict, base_url=f"{strict.url}/openai/v1")
    async with costmark.wrap(client, project=project, route="auto", **ON_MANTLE):
        await client.responses.create(model=OTHER, input="Hello")
        await client.responses.create(model=MODEL, input="Hello")
    assert [record["model"] for record in strict.usage()] == [OTHER, MODEL]
    assert_sides_agree(strict)


def test_what_is_sent_is_else_the_same(recorder: Recorder) -> None:
    for route in ("keep", "auto"):
        client = costmark.wrap(
            plain(recorder, default_query={"a": "b c", "d": "ü/%"}),
            endpoint="mantle",
            project="proj_a",
            route=route,
        )
        with client:
            client.chat.completions.create(model=MODEL, messages=MESSAGES)
    kept, moved = recorder.requests
    assert (moved.headers, moved.body) == (kept.headers, kept.body)
    assert moved.path == "/openai" + kept.path


def test_nothing_moves_unless_told_to(recorder: Recorder) -> None:
    several: list[dict[str, Any]] = [
        {"endpoint": "mantle"},
        {"route": "auto"},  # a gateway has paths of its own
        {"route": "auto", "endpoint": "runtime"},
    ]
    for options in several:
        with costmark.wrap(plain(recorder), unattributed="allow", **options) as client:
            client.chat.completions.create(model=MODEL, messages=MESSAGES)
        assert recorder.last.path == "/v1/chat/completions"


def test_requests_that_name_no_model_stay(strict: Emulator) -> None:
    with costmark.wrap(plain(strict), route="auto", **ON_MANTLE) as client:
        assert client.models.list().data
    assert strict.requests()[-1]["path"] == "/v1/models"


# --- A file of routes ---------------------------------------------------------------------------


def test_a_file_is_asked_first(strict: Emulator, project: str, tmp_path: Path) -> None:
    file = tmp_path / "routes.txt"
    file.write_text(f"{MODEL} /v1 2026-11 tried out\n")
    with costmark.wrap(
        plain(strict, max_retries=0), project=project, route="auto", routes=str(file), **ON_MANTLE
    ) as client:
        assert notes(refused(client)) == []
        file.write_text("nonsense")  # read once, at construction
        assert notes(refused(client)) == []
    with pytest.raises(costmark.ConfigurationError, match=rf"{file}:1: 'nonsense' has no route"):
        costmark.wrap(plain(strict), routes=str(file))


def test_a_file_of_the_environment(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "routes.txt"
    file.write_text("team.* /openai/v1\n")
    monkeypatch.setenv("COSTMARK_ROUTES", str(file))
    monkeypatch.setenv("COSTMARK_ROUTE", "auto")
    with costmark.wrap(plain(recorder), endpoint="mantle", unattributed="allow") as client:
        client.chat.completions.create(model="team.model", messages=MESSAGES)
    assert recorder.last.path == "/openai/v1/chat/completions"
    assert costmark.route_of("team.model").where == f"{file}:1"
    monkeypatch.setenv("COSTMARK_ROUTES", str(tmp_path / "nothing"))
    with pytest.raises(costmark.ConfigurationError, match="No such file"):
        costmark.route_of("team.model")


# --- route_of and the doctor --------------------------------------------------------------------


def test_route_of() -> None:
    route = costmark.route_of(MODEL)
    assert (route.model, route.family, route.pattern) == (MODEL, "/openai/v1", MODEL)
    assert route.known
    assert route.base_url("eu-west-1") == "https://bedrock-mantle.eu-west-1.api.aws/openai/v1"
    assert "model card" in route.source
    assert route.as_of.startswith("2026-")
    lines = _core.shipped_routes().splitlines()
    assert route.where.startswith("costmark's model-routes.txt:")
    assert lines[int(route.where.rpartition(":")[2]) - 1].startswith(MODEL)


def test_route_of_an_anthropic_model() -> None:
    route = costmark.route_of("anthropic.claude-fable-5")
    assert route.family == "/anthropic/v1"
    assert route.base_url("us-east-1") == "https://bedrock-mantle.us-east-1.api.aws/anthropic"


@pytest.mark.parametrize(
    ("model", "family"), [("made-up.model", "unknown"), ("us.anthropic.claude-x", "none")]
)
def test_what_no_path_is_known_for(model: str, family: str) -> None:
    route = costmark.route_of(model)
    assert (route.family, route.known) == (family, False)
    with pytest.raises(costmark.ConfigurationError, match=f"known to serve '{model}'"):
        route.base_url("us-east-1")


@pytest.mark.parametrize("region", ["", "moon", "us-east-1/x", "us-east-1.evil.example"])
def test_regions_are_checked(region: str) -> None:
    with pytest.raises(costmark.ConfigurationError, match="AWS region"):
        costmark.route_of(MODEL).base_url(region)


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["doctor", "route", *arguments])
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def test_the_doctor_explains_a_route(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, shown = doctor(capsys, MODEL)
    assert status == 0
    for part in (
        "route      /openai/v1\n",
        "costmark's model-routes.txt:",
        "model card",
        "client     OpenAI\n",
        "base_url   https://bedrock-mantle.REGION.api.aws/openai/v1\n",
        "not known  in which Regions",
    ):
        assert part in shown
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert "https://bedrock-mantle.us-west-2.api.aws/openai/v1" in doctor(capsys, MODEL)[1]
    assert "mantle.eu-west-1.api" in doctor(capsys, MODEL, "--region", "eu-west-1")[1]


@pytest.mark.parametrize(
    ("model", "path", "status", "said"),
    [
        (MODEL, "/openai/v1/responses", 0, "/openai/v1/responses is right"),
        (MODEL, "https://host/openai/v1", 0, "is right"),
        (MODEL, "/v1", 1, "is served under /openai/v1 on bedrock-mantle hosts, not under /v1"),
        (MODEL, "/v1/chat/completions", 1, "or set option route=auto"),
        (MODEL, "/v2/responses", 1, "the path /v2/responses is none of a bedrock-mantle host"),
        (MODEL, "/anthropic/v1/messages", 1, "OpenAI client"),
        ("anthropic.claude-x", "https://host/anthropic", 0, "is right"),
        ("anthropic.claude-x", "https://host/v1/", 1, "Anthropic client"),
        ("us.openai.gpt-5.6-sol", "/openai/v1", 1, "by no path of a bedrock-mantle host"),
        ("made-up.model", "/v1", 1, "whether /v1 is right is not known"),
    ],
)
def test_the_doctor_checks_a_path(
    capsys: pytest.CaptureFixture[str], model: str, path: str, status: int, said: str
) -> None:
    found, shown = doctor(capsys, model, "--path", path)
    assert found == status
    assert said in shown


def test_the_doctor_says_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = doctor(capsys, "made-up.model")
    assert status == 1
    assert "route      unknown\n" in shown
    assert "no line of the data matches" in shown
    assert "base_url" not in shown
    status, shown = doctor(capsys, "openai.gpt-6-one")
    assert (status, "its path is not confirmed" in shown) == (1, True)


def test_the_doctor_shows_the_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, shown = doctor(capsys)
    assert (status, shown) == (0, _core.shipped_routes())
    copy = tmp_path / "mine.txt"
    copy.write_text(shown)
    assert costmark.route_of(MODEL, copy).where.startswith(f"{copy}:")
    monkeypatch.setenv("COSTMARK_ROUTES", str(tmp_path / "nothing"))
    status, shown = doctor(capsys, MODEL)
    assert (status, shown.startswith("costmark: option 'routes': ")) == (1, True)
