"""Reads ``cases.json``, fills in its defaults, and adds the cases of an ``answers.json``.

    python cases.py [--answers FILE] [--ledgers FOLDER] > FILE     what runners read

README.md describes the members of a case. Whatever is not written there is refused here, so that a
misspelled member does not make a case weaker.
"""

from __future__ import annotations

import argparse
import base64
import copy
import json
import re
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

Case = dict[str, Any]

HERE = Path(__file__).resolve().parent
# Beside the checkout, as the vectors of tests/core are.
OWN_ANSWERS = HERE / "answers.json"
ANSWERS = HERE.parent.parent.parent / "shared" / "cases" / "answers.json"

_HOSTS = {"follow", "once", "repeat", "twice", "cancel", "drop", "observe"}
_PLACES = {"decided", "prepared", "head", "body"}
_MEMBERS = {
    "case": {"name", "why", "needs", "ways", "client", "calls", "sent", "row", "rows", "counters",
             "callbacks", "client_error"},
    "client": {"options", "environment", "credentials", "tokens", "host_api_key"},
    "call": {"request", "host", "beside", "answers", "attempts", "error", "sent", "next", "result",
             "reads_ahead"},
    "request": {"method", "path", "headers", "body", "project", "scope", "body_is_stream",
                "labels", "override_budgets"},
    "host": {"does", "at", "after_bytes", "retries", "counter_header"},
    "answer": {"status", "headers", "body", "pieces", "piece_size", "cut_after", "close",
               "no_length", "delay_ms", "piece_delay_ms", "interim", "date"},
    "sent": {"carried", "authorization", "body", "path", "removed", "headers"},
    "error": {"code", "offset", "at"},
    "result": {"status", "passed", "without", "without_usage_chunk", "any"},
    "row": {"kind", "op", "attempt", "concurrent", "project", "source", "api", "model", "status",
            "outcome", "usage", "flags", "request_id", "response_id", "labels", "tags", "meters"},
    "usage": {"input", "cached", "cache_write", "output", "reasoning", "total"},
}  # fmt: skip


class BadCaseError(ValueError):
    """A case that is not written as README.md says."""


def _frame(headers: dict[str, str], payload: bytes) -> bytes:
    """A frame of AWS's event streams."""
    texts = b"".join(
        struct.pack(f">B{len(name)}sBH{len(value)}s", len(name), name, 7, len(value), value)
        for name, value in ((k.encode(), v.encode()) for k, v in headers.items())
    )
    frame = struct.pack(">II", 16 + len(texts) + len(payload), len(texts))
    frame += struct.pack(">I", zlib.crc32(frame)) + texts + payload
    return frame + struct.pack(">I", zlib.crc32(frame))


def data(value: Any) -> bytes:
    """The bytes that a text of a case stands for."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"".join(map(data, value))
    if "base64" in value:
        return base64.b64decode(value["base64"])
    if "chunk" in value:
        payload = json.dumps({"bytes": base64.b64encode(data(value["chunk"])).decode()})
        return data({"event": "chunk", "payload": payload})
    for kind in ("event", "exception"):
        if kind in value:
            headers = {f":{kind}-type": value[kind], ":message-type": kind}
            return _frame(headers, data(value["payload"]))
    return str(value["text"]).encode() * int(value["times"])


def pieces(answer: Case) -> list[bytes]:
    """The pieces in which the body of an answer is sent."""
    if "pieces" in answer:
        return [data(piece) for piece in answer["pieces"]]
    body = data(answer.get("body", ""))
    size = answer.get("piece_size") or len(body) or 1
    return [body[at : at + size] for at in range(0, len(body), size)]


def _check(kind: str, given: Case, where: str) -> None:
    unknown = set(given) - _MEMBERS[kind]
    if unknown:
        raise BadCaseError(f"{where}: {kind} has no member {', '.join(sorted(unknown))}")


def of_way(case: Case, way: str) -> Case:
    """The case as it is run one way."""
    found: Case = json.loads(json.dumps(case).replace("{way}", way))
    return found


def _named(value: Any, names: Case) -> Any:
    """What a case says, with what it names."""
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"named"}:
        return copy.deepcopy(names[value["named"]])
    return {member: _named(each, names) for member, each in value.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def check_case(case: Case) -> None:
    """Refuses what README.md does not describe."""
    name = case.get("name", "?")
    _check("case", case, name)
    if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name):
        raise BadCaseError(f"{name}: a name reads group-what-happens, in lower case")
    _check("client", case.get("client", {}), name)
    for row in case.get("rows", []):
        _check("row", row, name)
        _check("usage", row.get("usage", {}), name)
    for i, call in enumerate(case.get("calls", [])):
        where = f"{name}, call {i}"
        _check("call", call, where)
        for kind in ("request", "host", "error"):
            _check(kind, call.get(kind, {}), where)
        for result in [call.get("result", {})]:
            _check("result", result, where)
        for answer in call.get("answers", []):
            _check("answer", answer, where)
        for sent in [*_as_list(call.get("sent", {})), case.get("sent", {})]:
            _check("sent", sent, where)
        host = call.get("host", {})
        if host.get("does", "follow") not in _HOSTS or host.get("at", "head") not in _PLACES:
            raise BadCaseError(f"{where}: unknown host {host}")


def _filled_in(case: Case, defaults: Case) -> Case:
    case = copy.deepcopy(case)
    client = case.setdefault("client", {})
    client["options"] = {**defaults["client"]["options"], **client.get("options", {})}
    # An option that a case sets to null is not set at all.
    client["options"] = {k: v for k, v in client["options"].items() if v is not None}
    client.setdefault("environment", {})
    for settings in (client["options"], client["environment"]):
        settings.update({k: v.replace("{here}", str(HERE)) for k, v in settings.items()})
    case.setdefault("ways", ["operation"])
    for call in case.setdefault("calls", []):
        call["answers"] = [{**defaults["answer"], **answer} for answer in call.get("answers", [])]
        call["request"] = {**defaults["request"], **call.get("request", {})}
        call["request"]["body"] = data(call["request"]["body"]).decode()
        call.setdefault("host", {}).setdefault("does", "follow")
        call.setdefault("attempts", len(call["answers"]))
        sent = [{**defaults["sent"], **case.get("sent", {}), **s}
                for s in _as_list(call.get("sent", {}))]  # fmt: skip
        call["sent"] = sent
    rows = [{**defaults["row"], **case.get("row", {}), **row} for row in case.get("rows", [])]
    case["rows"] = rows
    return case


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# How an answer is cut, and what its name then ends with.
_PIECES = {None: "", 1: "-bytewise", 7: "-sevens"}

_PATHS = {
    "chat": ("/v1/chat/completions", "chat_completions"),
    "responses": ("/v1/responses", "responses"),
    "messages": ("/v1/messages", "messages"),
}


_METERS = (
    *("audio_input", "audio_output", "web_search"),
    *("cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h"),
)


def _case_of_answer(answer: Case, group: str, piece_size: int | None) -> Case:
    """A case that is given as one answer."""
    path, api = _PATHS[answer["api"]]
    members = '"model":"m"' + (',"stream":true' if answer["stream"] else "")
    asks = answer["api"] == "chat" and answer["stream"]
    expect = answer["expect"]
    usage = {k: v for k, v in expect.items() if k in _MEMBERS["usage"]}
    meters = {name: count for name, count in expect.items() if name in _METERS}
    totals = re.findall(r'"total_tokens": ?([0-9.]+)', answer["body"])
    if totals and group == "shared":  # which do not say it
        usage["total"] = max(int(float(total)) for total in totals)
    served: Case = {"headers": list(map(list, answer["headers"].items())), "body": answer["body"]}
    if piece_size:
        served["piece_size"] = piece_size
    sent = '{"project_id":"proj_a",' + members
    if asks:
        sent = '{"project_id":"proj_a","stream_options":{"include_usage":true},' + members
    result: Case = {"any": True} if answer["passes"] == "any" else {}
    if answer["passes"] == "without_usage_chunk":
        result = {"without_usage_chunk": True}
    return {
        "name": f"{group}-{_slug(answer['name'])}" + _PIECES[piece_size],
        "why": answer["why"],
        "ways": ["operation", "send"],
        "calls": [
            {
                "request": {"path": path, "body": "{" + members + "}"},
                "answers": [served],
                "sent": {"body": sent + "}"},
                "result": result,
            }
        ],
        "rows": [
            {"api": api, "outcome": expect["outcome"], "usage": usage,
             "flags": expect.get("flags", []), "meters": meters}
        ],
    }  # fmt: skip


def load(answers: Path | None = None) -> list[Case]:
    """All cases, filled in; those of ``answers`` among them where that file exists."""
    written = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    cases = _named(written["cases"], written["names"])
    for group, file in (("answer", OWN_ANSWERS), ("shared", answers)):
        if file is not None and file.exists():
            for answer in json.loads(file.read_text(encoding="utf-8")):
                cases += [_case_of_answer(answer, group, size) for size in _PIECES]
    names = [case.get("name") for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise BadCaseError(f"two cases are called {name}")
    for case in cases:
        check_case(case)
    return [_filled_in(case, written["defaults"]) for case in cases]


def ledger_of(folder: Path, name: str, way: str) -> Path:
    """The ledger that a case leaves when it is run one way."""
    return folder / f"{name}.{way}"


def _client_of(case: Case, ledgers: Path | None) -> Case:
    if ledgers is None:
        return case["client"]  # type: ignore[no-any-return]
    options = {"ledger": str(ledger_of(ledgers, case["name"], "{way}"))}
    return {**case["client"], "options": {**options, **case["client"]["options"]}}


def for_runners(cases: list[Case], ledgers: Path | None = None) -> str:
    """What a runner reads: what to do, and nothing of what must come of it.

    ``ledgers``: the folder in which each case leaves a ledger, if it is to.
    """
    calls_of = {"request", "host", "beside"}
    shown = [
        {
            "name": case["name"],
            "ways": case["ways"],
            "client": _client_of(case, ledgers),
            "calls": [{k: v for k, v in call.items() if k in calls_of} for call in case["calls"]],
        }
        for case in cases
    ]
    return json.dumps({"cases": shown}, indent=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, default=ANSWERS)
    parser.add_argument("--ledgers", type=Path)
    given = parser.parse_args()
    sys.stdout.write(for_runners(load(given.answers), given.ledgers))
