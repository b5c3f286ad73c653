"""Compares what a runner printed, and what the server received, with what a case says.

Nothing here knows costmark: what must be true is written in ``cases.json``, and the rest follows
from the answers that were served.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import json
import re
import time
from collections import Counter
from typing import Any

import cases as case_file

Case = dict[str, Any]

CARRIERS = {
    "openai-project": "header",
    "anthropic-workspace-id": "workspace",
    "anthropic-workspace": "old_workspace",
    "x-amzn-bedrock-projectidentifier": "identifier",
}
SIGNATURE = {"authorization", "x-api-key", "x-amz-date", "x-amz-security-token",
             "x-amz-content-sha256"}  # fmt: skip
FRAMING = {"host", "content-length", "transfer-encoding", "connection"}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CREDENTIAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key_id>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/"
    r"(?P<service>[^/]+)/aws4_request, ?SignedHeaders=(?P<names>[^,]+), ?"
    r"Signature=[0-9a-f]{64}"
)
LARGEST_IN_LEDGER = 2**63 - 1
# What a row says of its price; the models of the cases have none.
OF_PRICES = {"no_model", "no_region", "no_serving", "no_tier", "no_day", "no_price"}
ONLY_IN_LEDGER = {"labels", "tags", "meters"}
TOKENS = ("input", "cached", "cache_write", "output", "reasoning")


def differences(
    case: Case, way: str, lines: list[Case], received: list[Case], ledger: list[Case] | None = None
) -> list[str]:
    """What is not as ``case`` says, one sentence each; empty when all is well."""
    found = _Comparison(case, way, lines, received).all()
    if ledger is not None and "client_error" not in case:
        found += _Ledger(case, way, lines, received).differences(ledger)
    return found


class _Comparison:
    def __init__(self, case: Case, way: str, lines: list[Case], received: list[Case]) -> None:
        self.case = case_file.of_way(case, way)
        self.way = way
        self.lines = lines
        self.received = received
        self.found: list[str] = []

    def all(self) -> list[str]:
        if "client_error" in self.case:
            self.check_client_error()
            return self.found
        for error in self.of_kind("client_error"):
            self.differ("the client", "made", f"refused: {error}")
        for index, call in enumerate(self.case["calls"]):
            self.check_call(index, call)
        self.check_rows()
        self.check_counters()
        self.check_callbacks()
        return self.found

    def of_kind(self, kind: str, call: int | None = None) -> list[Case]:
        return [line for line in self.lines
                if line["line"] == kind and (call is None or line["call"] == call)]  # fmt: skip

    def differ(self, what: str, expected: Any, seen: Any) -> None:
        self.found.append(f"{what}: expected {_short(expected)}, but it is {_short(seen)}")

    def same(self, what: str, expected: Any, seen: Any) -> None:
        if expected != seen:
            self.differ(what, expected, seen)

    # --- Errors ---------------------------------------------------------------------------------

    def check_client_error(self) -> None:
        expected = self.case["client_error"]
        seen = self.of_kind("client_error")
        self.same("errors of making the client", [expected["code"]], [e["code"] for e in seen])
        if seen and "offset" in expected:
            self.same("offset of that error", expected["offset"], seen[0].get("offset"))

    def check_errors(self, index: int, call: Case) -> None:
        seen = self.of_kind("error", index)
        expected = call.get("error")
        # The caller of `send` is given the answer that there was instead.
        is_answered = self.way != "operation" and call["attempts"] > 0
        codes = [error["code"] for error in seen]
        if expected is None or (is_answered and not codes):
            self.same(f"errors of call {index}", [], codes)
            return
        self.same(f"errors of call {index}", [expected["code"]], codes)
        for error in seen:
            if "offset" in expected:
                self.same(f"offset of call {index}'s error", expected["offset"],
                          error.get("offset"))  # fmt: skip
            if "at" in expected and error.get("at") != "send":
                self.same(f"where call {index} failed", expected["at"], error.get("at"))

    # --- A call ---------------------------------------------------------------------------------

    def check_call(self, index: int, call: Case) -> None:
        self.check_errors(index, call)
        received = [r for r in self.received if r["call"] == index]
        self.same(f"attempts of call {index} at the server", call["attempts"], len(received))
        for number, record in enumerate(received):
            sent = call["sent"][min(number, len(call["sent"]) - 1)]
            _Sent(self, f"attempt {number + 1} of call {index}", call, sent, number).check(record)
        self.check_attempts(index, call)
        self.check_result(index, call)

    def check_attempts(self, index: int, call: Case) -> None:
        """What came of each attempt, and what comes next: only of the runners that see it."""
        attempts = self.of_kind("attempt", index)
        if self.way != "operation" and not attempts:
            return
        served = call["answers"][: call["attempts"]]
        if call["host"]["does"] == "drop":  # it knows of no end
            served = []
        elif call["host"]["does"] == "twice":
            served = served[1:]
        statuses = [line["status"] for line in attempts]
        self.same(f"statuses of call {index}'s attempts", list(map(_status, served)), statuses)
        for answer, line in zip(served[:-1], attempts, strict=False):
            passed = base64.b64decode(line["passed"])
            self.same(f"what an attempt of call {index} brought", _body(answer), passed)
        results = self.of_kind("result", index)
        if attempts and results:
            what = f"what the last attempt of call {index} passed on"
            self.same(what, results[-1]["passed"], attempts[-1]["passed"])
        ended = {"attempt", "error"}
        seen = [e for e in self.lines if e["line"] in ended and e["call"] == index and "step" in e]
        expected = call.get("next")
        if expected is None and self.is_plain(call):
            expected = ["done answered"]
        if expected is not None:
            words = [text.partition(" in ") for text in expected]
            told = [f"{line['step']} {line['reason']}" for line in seen]
            self.same(f"what comes next in call {index}", [step for step, _, _ in words], told)
            for line, (_, _, pause) in zip(seen, words, strict=False):
                if pause:
                    self.same(f"pause of call {index}", int(pause), line.get("pause_ms"))
        if "reads_ahead" in call:
            told = [line["reads_ahead"] for line in attempts]
            self.same(f"whether call {index} reads ahead", call["reads_ahead"], told)

    @staticmethod
    def is_plain(call: Case) -> bool:
        answers = call["answers"]
        return (
            call["host"]["does"] == "follow"
            and len(answers) == call["attempts"] == 1
            and answers[0]["status"] == 200
            and not {"cut_after", "close"} & set(answers[0])
        )

    def check_result(self, index: int, call: Case) -> None:
        seen = self.of_kind("result", index)
        if call["attempts"] == 0:
            self.same(f"results of call {index}", [], seen)
            return
        if len(seen) != 1:
            self.differ(f"results of call {index}", "one", seen)
            return
        expected = call.get("result", {})
        answer = call["answers"][call["attempts"] - 1]
        status = expected.get("status", _status(answer))
        self.same(f"status of call {index}", status, seen[0]["status"])
        self.check_passed(index, call, answer, base64.b64decode(seen[0]["passed"]))

    def check_passed(self, index: int, call: Case, answer: Case, passed: bytes) -> None:
        expected = call.get("result", {})
        what = f"what the caller of call {index} was given"
        body = _body(answer)
        host = call["host"]
        if expected.get("any"):
            return
        if expected.get("without_usage_chunk"):
            body = without_usage_chunks(body)
        if "without" in expected:
            taken = case_file.data(expected["without"])
            self.same(f"{what}: occurrences of the chunk in the script", 1, body.count(taken))
            body = body.replace(taken, b"")
        if "passed" in expected:
            body = case_file.data(expected["passed"])
        if host["does"] in {"cancel", "drop"}:
            if not body.startswith(passed) or len(passed) < host.get("after_bytes", 0):
                self.differ(what, b"the beginning of " + body, passed)
        elif "cut_after" in answer and self.way == "send":
            if not body.startswith(passed):
                self.differ(what, b"the beginning of " + body, passed)
        else:
            self.same(what, body, passed)

    # --- Rows, counters, callbacks --------------------------------------------------------------

    def check_rows(self) -> None:
        seen = self.of_kind("row")
        expected = self.case["rows"]
        self.same("number of rows", len(expected), len(seen))
        operations: list[str] = []
        for number, (row, line) in enumerate(zip(expected, seen, strict=False)):
            operation = line["operation"]
            if operation not in operations:
                operations.append(operation)
            if row["op"] is not None and not UUID7.fullmatch(operation):
                self.differ(f"operation of row {number}", "a UUID of version 7", operation)
            told = {
                "kind": line["kind"],
                "op": operations.index(operation) if operation else None,
                "attempt": line["attempt"],
                "concurrent": line["concurrent"],
                "project": line["project"],
                "source": line["project_source"],
                "api": line["api"],
                "model": line["model"],
                "status": line["status"],
                "outcome": line["outcome"],
                "usage": {k: v for k, v in line["usage"].items() if v is not None},
                "flags": sorted(line["flags"]),
                "request_id": line["request_id"],
                "response_id": line["response_id"],
            }
            members = set(row) - ONLY_IN_LEDGER
            if row["kind"] == "settlement":  # it is no attempt
                members &= {"kind", "op", "project", "outcome", "usage", "flags", "response_id"}
            for member in sorted(members):
                self.same(f"{member} of row {number}", row[member], told[member])

    def check_counters(self) -> None:
        lines = self.of_kind("counters")
        if len(lines) != 1:
            self.differ("lines of counters", "one", lines)
            return
        seen = lines[0]["projects"]
        given = self.case.get("counters")
        expected = counters_of(self.case["rows"]) if given is None else given
        self.same("projects that are counted", sorted(expected), sorted(seen))
        for project, totals in expected.items():
            for member, value in totals.items():
                self.same(f"{member} of {project}", value, seen.get(project, {}).get(member))

    def check_callbacks(self) -> None:
        for line in self.of_kind("callbacks"):
            for member, value in self.case.get("callbacks", {}).items():
                self.same(f"callbacks: {member}", value, line[member])


class _Ledger(_Comparison):
    """The rows of the ledger: those that the case says, each begun before it ended."""

    def differences(self, rows: list[Case]) -> list[str]:
        ended = [row for row in rows if row["kind"] in {"attempt", "settle"}]
        expected = self.case["rows"]
        self.same("rows of the ledger", len(expected), len(ended))
        begun = sorted((row["op"], row["attempt"]) for row in rows if row["kind"] == "begin")
        attempts = sorted((r["op"], r["attempt"]) for r in ended if r["kind"] == "attempt")
        self.same("attempts that began in the ledger", attempts, begun)
        operations: list[str] = []
        for number, (row, seen) in enumerate(zip(expected, ended, strict=False)):
            operation = seen.get("op", "")
            if operation and operation not in operations:
                operations.append(operation)
            self.check_row(number, row, seen, operations)
        return self.found

    def check_row(self, number: int, row: Case, seen: Case, operations: list[str]) -> None:
        flags = set(seen.get("flags", []))
        told = {
            "kind": "settlement" if seen["kind"] == "settle" else seen["kind"],
            "op": operations.index(seen["op"]) if "op" in seen else None,
            "attempt": seen.get("attempt"),
            "concurrent": "concurrent" in flags,
            "project": seen["project"],
            "source": seen["project_source"],
            "api": seen["api"],
            "model": seen.get("model", ""),
            "status": seen.get("status", 0),
            "outcome": seen["outcome"],
            "usage": {name: seen[name] for name in (*TOKENS, "total") if name in seen},
            "flags": sorted(flags - {"concurrent", "cut", "overflow"} - OF_PRICES),
            "request_id": seen.get("request_id", ""),
            "response_id": seen.get("response_id", ""),
            "labels": seen.get("labels", {}),
            "tags": seen.get("tags", {}),
            "meters": seen.get("meters", {}),
        }
        members = set(row)
        if row["kind"] == "settlement":
            members -= {"attempt", "concurrent", "source", "api", "model", "status", "request_id"}
        for member in sorted(members):
            what = f"{member} of row {number} of the ledger"
            expected = row[member]
            if "cut" in flags and isinstance(expected, str):
                expected = expected[: len(told[member])]
            elif "overflow" in flags and member == "usage":  # what does not fit is absent
                expected = {k: v for k, v in expected.items() if v <= LARGEST_IN_LEDGER}
            self.same(what, expected, told[member])


class _Sent:
    """What the server must have received in one attempt."""

    def __init__(self, to: _Comparison, what: str, call: Case, sent: Case, number: int) -> None:
        self.to = to
        self.what = what
        self.call = call
        self.request = call["request"]
        self.sent = sent
        self.number = number

    def check(self, record: Case) -> None:
        self.headers: dict[str, list[str]] = {}
        for name, value in record["headers"]:
            self.headers.setdefault(name.lower(), []).append(value)
        self.body = base64.b64decode(record["body"])
        self.at = record["at"]
        self.same("method", self.request["method"], record["method"])
        self.same("path", self.sent.get("path", self.request["path"]), record["path"])
        given = self.sent.get("body")
        self.same("body", self.request["body"].encode() if given is None else case_file.data(given),
                  self.body)  # fmt: skip
        self.check_carriers()
        self.check_headers()
        self.check_authorization()

    def same(self, what: str, expected: Any, seen: Any) -> None:
        self.to.same(f"{what} of {self.what}", expected, seen)

    def check_carriers(self) -> None:
        found = []
        for header, carrier in CARRIERS.items():
            found += [(carrier, value) for value in self.headers.get(header, [])]
        if member := _carrying_member(self.request["path"]):
            found += [("body", value) for value in _members(self.body, member)]
        self.same("carriers", sorted(self.sent["carried"].items()), sorted(found))

    def check_headers(self) -> None:
        removed = {name.lower() for name in self.sent.get("removed", [])}
        for name in sorted(removed & set(self.headers)):
            self.same(f"header {name}", "removed", self.headers[name])
        expected: dict[str, list[str]] = {}
        for name, value in self.request["headers"]:
            expected.setdefault(name.lower(), []).append(value)
        if counter := self.call["host"].get("counter_header"):
            expected[counter] = [str(self.number)]
        expected.update({k.lower(): [v] for k, v in self.sent.get("headers", {}).items()})
        for name in sorted(set(expected) - set(CARRIERS) - SIGNATURE - FRAMING - removed):
            self.same(f"header {name}", expected[name], self.headers.get(name))

    def check_authorization(self) -> None:
        expected = self.sent["authorization"]
        seen = self.headers.get("authorization", [])
        if expected == "none":
            self.same("authorization", [], seen)
        elif expected == "caller":
            own = [v for n, v in self.request["headers"] if n.lower() == "authorization"]
            self.same("authorization", own, seen)
        elif "bearer" in expected:
            token = expected["bearer"]
            if token == "minted":
                is_one = len(seen) == 1 and seen[0].startswith("Bearer bedrock-api-key-")
                self.same("authorization is a minted token", True, is_one)
            else:
                self.same("authorization", [f"Bearer {token}"], seen)
            self.same("x-amz-date", None, self.headers.get("x-amz-date"))
        else:
            self.check_signature(expected["sigv4"], seen)

    def check_signature(self, expected: Case, seen: list[str]) -> None:
        shape = CREDENTIAL.fullmatch(seen[0]) if len(seen) == 1 else None
        if shape is None:
            self.to.differ(f"authorization of {self.what}", "one SigV4 signature", seen)
            return
        for member in ("key_id", "region", "service"):
            if member in expected:
                self.same(f"{member} of the signature", expected[member], shape[member])
        token = [expected["session_token"]] if "session_token" in expected else None
        self.same("session token", token, self.headers.get("x-amz-security-token"))
        names = shape["names"].split(";")
        self.same("signed headers, sorted", sorted(names), names)
        must = {"host", "x-amz-date"} | (set(CARRIERS) & set(self.headers))
        must |= {"content-type"} & set(self.headers)
        must |= {name for name in self.headers if name.startswith("x-amz-")}
        self.same("headers that are not signed", [], sorted(must - set(names)))
        self.same("signed headers that are not sent", [], sorted(set(names) - set(self.headers)))
        hashes = self.headers.get("x-amz-content-sha256")
        if hashes:
            self.same("hash of the body", [hashlib.sha256(self.body).hexdigest()], hashes)
        self.check_signed_at(shape["day"], expected.get("skew_s", 0))

    def check_signed_at(self, day: str, skew_s: int) -> None:
        text = self.headers.get("x-amz-date", [""])[0]
        try:
            signed_at = calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            self.same("x-amz-date", "a date", text)
            return
        self.same("day of the signature", text[:8], day)
        if abs(signed_at - self.at - skew_s) > 30:
            self.same("time of the signature", self.at + skew_s, signed_at)


def _carrying_member(path: str) -> str | None:
    """The member that names the project; none where the body is the model's own."""
    if "/converse" in path:
        return "projectIdentifier"
    return None if "/invoke" in path else "project_id"


def _status(answer: Case) -> int:
    return 0 if answer.get("close") else answer["status"]


def _body(answer: Case) -> bytes:
    """As much of it as was sent."""
    body = b"" if answer.get("close") else b"".join(case_file.pieces(answer))
    return body[: answer.get("cut_after", len(body))]


def counters_of(rows: list[Case]) -> dict[str, dict[str, int]]:
    """The sums of some rows, by project: what the numbers must add up to."""
    sums: dict[str, Counter[str]] = {}
    members = ("operations", "attempts", "failed", "incomplete", "open", *TOKENS, "inconsistent")
    for row in rows:
        total = sums.setdefault(row["project"], Counter(dict.fromkeys(members, 0)))
        for member in TOKENS:
            total[member] += row["usage"].get(member, 0)
        total["inconsistent"] += bool(row["flags"])
        if row["kind"] != "attempt":
            continue
        total["attempts"] += 1
        total["operations"] += row["attempt"] == 1
        total["failed"] += row["outcome"] == "error"
        total["incomplete"] += row["outcome"] in {"cancelled", "incomplete", "unknown"}
        total["open"] += row["outcome"] == "open"
    return {project: dict(total) for project, total in sums.items()}


def without_usage_chunks(body: bytes) -> bytes:
    """A Chat stream less the events that carry nothing but usage."""
    events = re.split(rb"(?<=\n\n)", body)
    return b"".join(event for event in events if not _is_usage_chunk(event))


def _is_usage_chunk(event: bytes) -> bool:
    lines = event.removeprefix(b"\xef\xbb\xbf").splitlines()
    data = b"\n".join(line[5:] for line in lines if line.startswith(b"data:"))
    try:
        chunk = json.loads(data)
    except ValueError:
        return False
    return isinstance(chunk, dict) and "usage" in chunk and not chunk.get("choices")


def _members(body: bytes, name: str) -> list[Any]:
    """The values of all members of that name in a JSON object; none where it is no object."""
    outermost: list[tuple[str, Any]] = []

    def keep(members: list[tuple[str, Any]]) -> Case:
        outermost[:] = members  # which is read last
        return dict(members)

    try:
        json.loads(body, object_pairs_hook=keep)
    except RecursionError:  # deeper than Python reads; the member stands outside of that
        return re.findall(rf'"{name}":"([^"]*)"', body.decode())
    except ValueError:
        return []
    return [value for key, value in outermost if key == name]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 400 else f"{text[:300]} … {text[-80:]} ({len(text)} characters)"
