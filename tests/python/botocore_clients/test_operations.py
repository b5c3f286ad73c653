"""Every operation of Bedrock's services that boto3 has, under `unattributed=refuse`.

docs/runtime.md has a table of those that spend and carry no project: it and the code must agree.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import costmark
from botocore_clients.support import client, knows_projects

pytestmark = pytest.mark.skipif(not knows_projects(), reason="this boto3 has fewer operations")

DOCS = Path(__file__).parents[3] / "docs" / "runtime.md"
SERVICES = ("bedrock-runtime", "bedrock", "bedrock-agent-runtime", "bedrock-agent")
CARRY_A_PROJECT = {
    *("Converse", "ConverseStream"),
    *("InvokeModel", "InvokeModelWithResponseStream"),
}


class ReachedTheNetworkError(Exception):
    pass


def outcomes() -> dict[str, dict[str, str]]:
    """What happens to a call of each operation, by service."""
    return {service: dict(_of_service(service)) for service in SERVICES}


def _of_service(service: str) -> Any:
    caller = costmark.wrap(client(None, service), unattributed="refuse")
    caller.meta.events.register("before-send", _stop)
    model = caller.meta.service_model
    methods = {operation: method for method, operation in caller.meta.method_to_api_mapping.items()}
    for name in model.operation_names:
        if not hasattr(type(caller), methods[name]):  # what takes a stream of events has none
            continue
        shape = model.operation_model(name).input_shape
        given = {} if shape is None else _filled(shape)
        try:
            getattr(caller, methods[name])(**given)
        except ReachedTheNetworkError:
            yield name, "passes"
        except costmark.AttributionError:
            yield name, "refused"


def _stop(**_: Any) -> None:
    raise ReachedTheNetworkError


def _filled(shape: Any, depth: int = 0) -> Any:
    """The least that botocore's validators let through."""
    kind = shape.type_name
    if kind == "structure":
        names = list(shape.required_members)
        if getattr(shape, "is_tagged_union", False) and shape.members:
            names = [next(iter(shape.members))]
        return {name: _filled(shape.members[name], depth + 1) for name in names}
    if kind == "list":
        least = max(shape.metadata.get("min", 0), 0)
        return [_filled(shape.member, depth + 1)] * least
    if kind == "map":
        least = shape.metadata.get("min", 0)
        return {_filled(shape.key): _filled(shape.value, depth + 1)} if least else {}
    if kind == "string":
        return shape.enum[0] if shape.enum else "a" * max(shape.metadata.get("min", 1), 1)
    return {"blob": b"{}", "boolean": True, "timestamp": 0, "float": 1.0, "double": 1.0}.get(
        kind, max(shape.metadata.get("min", 1), 1)
    )


@pytest.fixture(scope="module")
def happened() -> dict[str, dict[str, str]]:
    return outcomes()


def documented() -> dict[str, str]:
    """What the docs say of each operation in their table."""
    section = DOCS.read_text().split("## Operations that carry no project")[1].split("\n## ")[0]
    said: dict[str, str] = {}
    for line in section.splitlines():
        if not line.startswith("| ") or line.startswith("| operation"):
            continue
        _, operations, verdict, why, _ = line.split("|")
        assert why.strip()
        for name in re.findall(r"\b[A-Z][a-z]+[A-Za-z]+\b", operations):
            said[name] = "refused" if verdict.strip().startswith("refused") else "passes"
    return said


def test_the_docs_name_every_operation_that_is_refused(happened: Any) -> None:
    refused = {name for of in happened.values() for name, how in of.items() if how == "refused"}
    has_method = {name for of in happened.values() for name in of}
    said = {name for name, verdict in documented().items() if verdict == "refused"}
    assert refused == (said & has_method) | CARRY_A_PROJECT
    # boto3 has no method for it, as its request is a stream of events.
    assert said - has_method == {"InvokeModelWithBidirectionalStream"}


def test_what_the_docs_let_pass_passes(happened: Any) -> None:
    for name, verdict in documented().items():
        for service, of in happened.items():
            assert verdict == of.get(name, verdict), (service, name)


def test_the_docs_name_every_operation_of_the_runtime(happened: Any) -> None:
    assert happened["bedrock-runtime"].keys() <= documented().keys() | CARRY_A_PROJECT


def test_strict_routes_refuse_what_is_not_known() -> None:
    caller = client(None, "bedrock-agent-runtime")
    costmark.wrap(caller, unattributed="refuse", strict_routes=True)
    asked = {"foundationModel": "m", "instruction": "i" * 40, "sessionId": "session"}
    with pytest.raises(costmark.AttributionError):
        caller.invoke_inline_agent(**asked)
