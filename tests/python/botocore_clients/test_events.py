"""What the core does in botocore's events: nothing of a call is left to the one after it."""

from __future__ import annotations

import contextlib
import copy
import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from botocore_clients.support import ASKED, CLAUDE, INVOKED, NOVA, OTHER, PROJECT, client
from costmark import _core
from costmark._client.botocore_clients import _Hooks
from costmark._client.scope import where_frames_are

if TYPE_CHECKING:
    from harness import Emulator


@pytest.fixture
def answers() -> list[costmark.Answer]:
    return []


@pytest.fixture
def runtime(bedrock: Emulator, answers: list[costmark.Answer]) -> Any:
    return costmark.wrap(client(bedrock.url), project=PROJECT, on_usage=answers.append)


def billed(bedrock: Emulator) -> list[tuple[str, str]]:
    return [(each["project"], each["model"]) for each in bedrock.usage()]


def test_each_call_has_its_own_model_scope_and_labels(
    bedrock: Emulator, runtime: Any, answers: list[costmark.Answer]
) -> None:
    in_other = {"scope": costmark.project(OTHER)}
    labeled = {"scope": costmark.labels(team="a")}
    cases = [
        *((model, more) for model in (NOVA, CLAUDE) for more in ({}, in_other, labeled)),
    ]
    expected = []
    for first in cases:
        for second in cases:
            for model, more in (first, second, second):
                with more.get("scope", contextlib.nullcontext()):
                    runtime.converse(**{**ASKED, "modelId": model})
                project = OTHER if more is in_other else PROJECT
                expected.append((project, model, {"team": "a"} if more is labeled else {}))
    assert billed(bedrock) == [each[:2] for each in expected]
    assert [(each.project, each.model, dict(each.labels)) for each in answers] == expected


def test_a_project_for_all_contexts_ends(bedrock: Emulator, runtime: Any) -> None:
    from costmark._client import scope

    runtime.converse(**ASKED)
    frame = scope.begin_everywhere(costmark.project(OTHER))
    try:
        runtime.converse(**ASKED)
    finally:
        scope.end_everywhere(frame)
    runtime.converse(**ASKED)
    assert [project for project, _ in billed(bedrock)] == [PROJECT, OTHER, PROJECT]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_within_a_call(
    streamed: bool, bedrock: Emulator, runtime: Any, answers: list[costmark.Answer]
) -> None:
    inner = costmark.wrap(client(bedrock.url), project=OTHER, on_usage=answers.append)

    def ask(**_: Any) -> None:
        inner.converse(**{**ASKED, "modelId": CLAUDE})
        inner.invoke_model(**INVOKED)["body"].read()

    runtime.meta.events.register("before-send", ask)
    for _ in range(2):
        if streamed:
            list(runtime.converse_stream(**ASKED)["stream"])
        else:
            runtime.converse(**ASKED)
    once = [(OTHER, CLAUDE), (OTHER, NOVA), (PROJECT, NOVA)]
    assert billed(bedrock) == once * 2
    assert [(each.project, each.model) for each in answers] == once * 2
    assert {each.outcome for each in answers} == {"ok"}


def test_a_call_that_failed_leaves_nothing_to_the_next(
    bedrock: Emulator, runtime: Any, answers: list[costmark.Answer]
) -> None:
    def break_off(**_: Any) -> None:
        raise KeyboardInterrupt

    runtime.meta.events.register("before-send", break_off)
    with pytest.raises(KeyboardInterrupt):
        runtime.converse(**ASKED)
    runtime.meta.events.unregister("before-send", break_off)
    runtime.converse(**ASKED)
    assert [each.outcome for each in answers] == ["cancelled", "ok"]
    assert len(billed(bedrock)) == 1


def test_large_and_small_bodies_alike(
    bedrock: Emulator, runtime: Any, answers: list[costmark.Answer]
) -> None:
    for size in (10, 20_000, 10, 200_000):
        content = [{"text": "x" * size}]
        runtime.converse(modelId=NOVA, messages=[{"role": "user", "content": content}])
    assert [each.outcome for each in answers] == ["ok"] * 4
    assert [each["input_tokens"] for each in bedrock.usage()] == [
        each.input_tokens for each in answers
    ]


def test_handlers_take_any_keywords_and_nothing_else() -> None:
    events: Any = _core.BotocoreEvents(*where_frames_are(), _Hooks.read_stream, False)
    for handler in (events.write, events.sent, events.answered, events.failed):
        assert inspect.getfullargspec(handler).varkw  # as botocore asks
        with pytest.raises(TypeError, match="by keyword"):
            handler(1)
        with pytest.raises(TypeError, match="by keyword"):
            handler()
    assert events.write == events.write  # which is how botocore finds what to unregister
    with pytest.raises(KeyError, match="request"):
        events.write(other=1)
    with pytest.raises(TypeError):
        events.client = "a client"
    request = SimpleNamespace(
        context={}, method="POST", url="https://gateway.example/model/m/converse", data=b"{}"
    )
    request.headers = SimpleNamespace(raw_items=lambda: iter([("a", "b")]))
    with pytest.raises(TypeError, match="follow no client"):
        events.write(request=request)
    assert request.context == {}


def test_what_others_put_into_a_context_is_not_ours(runtime: Any) -> None:
    events = vars(runtime)["_costmark"]._events
    context = {"costmark": "theirs"}
    events.sent(request=SimpleNamespace(context=context))
    events.failed(caught_exception=ValueError(), request_dict={"context": context})
    assert context == {"costmark": "theirs"}


def test_a_copied_context_is_that_of_the_same_call() -> None:
    operation, _ = _core.Client({"auth": "none"}).begin(
        "POST", "https://gateway.example/v1/chat/completions", [], b"{}"
    )
    assert copy.deepcopy({"costmark": operation})["costmark"] is operation
