"""The runner of the Python adapters: the official SDKs, wrapped by ``costmark.wrap``.

    python runner_python.py --sdk openai|anthropic --mode sync|async
                            --cases FILE --server ORIGIN [--case NAME]

A call is made by the SDK's own ``get`` or ``post``, which all of its methods come down to, so that
every request of a case can be made, and answered by a stream, whose bytes can be compared. What
repeats is the SDK, as often as the case's host does; what is resent after a refusal, the adapter
resends. README.md says what the lines mean.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import http.client
import inspect
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import costmark
from costmark import _core, _usage

Case = dict[str, Any]

# What a call names its project with, in the SDK's own way.
PROJECT_HEADER = {"openai": "OpenAI-Project", "anthropic": "anthropic-workspace-id"}
DEFAULT_ATTEMPTS = 3  # of the option max_attempts


class NotApplicableError(Exception):
    """The SDK cannot do what the case says."""


# --- What an SDK cannot do ------------------------------------------------------------------------


def speaks(sdk: str, call: Case) -> bool:
    is_messages = "/messages" in call["request"]["path"]
    return is_messages == (sdk == "anthropic")


# What the SDK does otherwise, and no runner sees before.
OTHERWISE = {"streams-cut-at-once": "the SDK repeats nothing once the head of an answer has come"}


def check_applicable(case: Case, sdk: str, takes_content: bool) -> None:
    """Raise NotApplicableError, with the reason, for a case that cannot be run."""
    if case["calls"] and not any(speaks(sdk, call) for call in case["calls"]):
        raise NotApplicableError(f"it calls no API of the {sdk} SDK")
    if case["name"] in OTHERWISE:
        raise NotApplicableError(OTHERWISE[case["name"]])
    options = case["client"]["options"]
    if options.get("auth") == "sigv4" and not {"base_url", "endpoint"} & set(options):
        raise NotApplicableError("a wrapped client signs for the base_url of the SDK's client")
    encodings = any(_names(call).count("accept-encoding") for call in case["calls"])
    # With encodings the SDK does what `send` does.
    if ("send" if encodings else "operation") not in case["ways"]:
        raise NotApplicableError("the SDK takes encodings off an answer")
    given = [*case["client"].get("credentials", []), *case["client"].get("tokens", [])]
    if any(each.get("error", "no_credentials") != "no_credentials" for each in given):
        raise NotApplicableError("a callback that raises has no credentials: it names no code")
    for call in case["calls"]:
        if call["host"]["does"] == "once" and given:
            raise NotApplicableError("the adapter itself resends once after a refusal")
        for reason in _obstacles(call, sdk, takes_content):
            raise NotApplicableError(reason)


def _obstacles(call: Case, sdk: str, takes_content: bool) -> Iterator[str]:
    host, request = call["host"], call["request"]
    if "beside" in call:
        yield "the SDK makes no attempt beside an open one"
    if host["does"] == "twice":
        yield "the SDK leaves no attempt to make another"
    if host["does"] == "observe":
        yield "a wrapped client prepares every request"
    if host["does"] == "drop" and host["at"] in ("decided", "prepared"):
        yield "the SDK sends what it has prepared"
    names = _names(call) + ([PROJECT_HEADER[sdk].lower()] if request["project"] else [])
    if len(set(names)) < len(names):
        yield "the SDK takes each header once"
    if not request["project"].isascii():
        yield "the SDK takes no project that is not ASCII: it is a header"
    if any(value.startswith("multipart/") for _, value in request["headers"]):
        yield "the SDK writes multipart bodies itself"
    if not takes_content and not (is_written_by_sdk(request["body"]) or request["method"] == "GET"):
        yield "this version of the SDK sends only JSON that it writes itself"


def _names(call: Case) -> list[str]:
    return [name.lower() for name, _ in call["request"]["headers"]]


def is_written_by_sdk(body: str) -> bool:
    """Whether the SDK writes that JSON with the same bytes."""
    try:
        return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False) == body
    except (ValueError, RecursionError):
        return False


# --- A client -------------------------------------------------------------------------------------


class Source:
    """A callback that gives one value of a case after the other, the last one again and again."""

    def __init__(self, values: list[Case], make: Callable[[Case], Any]) -> None:
        self.values = values
        self.make = make
        self.given = 0
        self.refused: list[str] = []

    def __call__(self) -> Any:
        value = self.values[min(self.given, len(self.values) - 1)]
        self.given += 1
        if "error" in value:
            raise RuntimeError("the case's source has none")
        return self.make(value)

    def invalidate(self, token: str) -> None:
        self.refused.append(token)


def credentials_of(value: Case) -> costmark.Credentials:
    expires_in = value.get("expires_in")
    return costmark.Credentials(
        value["access_key_id"],
        value["secret_access_key"],
        value.get("session_token"),
        expires_at=None if expires_in is None else time.time() + expires_in,
        source="the case",
    )


@contextlib.contextmanager
def reporting(on_usage: Callable[[Case], None]) -> Iterator[None]:
    """Make the clients of the core tell of every attempt."""
    plain = _core.Client

    def make(*arguments: Any, **options: Any) -> Any:
        return plain(*arguments, **{**options, "on_usage": on_usage})

    _core.Client = make  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        _core.Client = plain  # type: ignore[misc]


# --- A call ---------------------------------------------------------------------------------------


class Outcome:
    """What the caller of one call was given."""

    def __init__(self) -> None:
        self.status = 0
        self.passed = bytearray()
        self.is_sent = True
        self.error: Exception | None = None


class Host:
    """Makes the calls of a case with a wrapped client of an SDK."""

    def __init__(self, sdk: str, client: Any, prefix: str) -> None:
        self.sdk = import_module(sdk)
        self.omit = import_module(f"{sdk}._types").Omit()
        self.header = PROJECT_HEADER[sdk]
        self.client = client
        self.prefix = prefix

    def arguments(self, index: int, call: Case, max_attempts: int) -> Case:
        request, host = call["request"], call["host"]
        retries = {"repeat": host.get("retries", 0), "follow": max_attempts - 1}
        options = {
            "headers": self.headers(request),
            "max_retries": retries.get(host["does"], 0),
            "follow_redirects": False,
        }
        arguments: Case = {
            "path": f"/{self.prefix}/{index}{request['path']}",
            "cast_to": object,
            "options": options,
            "stream": True,
            "stream_cls": self.stream_class()[object],
        }
        if request["method"] != "GET":
            arguments.update(self.body(request))
        return arguments

    def headers(self, request: Case) -> Case:
        headers: Case = dict(request["headers"])
        if request["project"]:
            headers[self.header] = request["project"]
        # The API key of the client is for no request that a case does not give it.
        for name in ("Authorization", "X-Api-Key"):
            if name.lower() not in {each.lower() for each in headers}:
                headers[name] = self.omit
        return headers

    def body(self, request: Case) -> Case:
        if request.get("body_is_stream"):
            return {"content": self.streamed(request["body"].encode())}
        if is_written_by_sdk(request["body"]):
            return {"body": json.loads(request["body"])}
        return {"content": request["body"].encode()}

    def stream_class(self) -> Any:
        raise NotImplementedError

    def streamed(self, body: bytes) -> Any:
        raise NotImplementedError

    @contextlib.contextmanager
    def telling(self, outcome: Outcome) -> Iterator[None]:
        """Keep what the caller sees of a failure."""
        try:
            yield
        except self.sdk.APIStatusError as error:
            outcome.status = error.status_code
            outcome.passed += error.response.content
        except Exception as error:  # noqa: BLE001 - whatever it is, the case says whether it may be
            outcome.error = _cause_in_costmark(error) or error
            if isinstance(outcome.error, costmark.Error):
                outcome.is_sent = False
            elif isinstance(error, self.sdk.APIConnectionError) or outcome.status:
                outcome.error = None  # no answer, or not all of it


def _cause_in_costmark(error: BaseException | None) -> costmark.Error | None:
    while error is not None and not isinstance(error, costmark.Error):
        error = error.__cause__
    return error


class SyncHost(Host):
    def stream_class(self) -> Any:
        return self.sdk.Stream

    def streamed(self, body: bytes) -> Any:
        return iter([body])

    def call(self, index: int, call: Case, max_attempts: int) -> Outcome:
        outcome = Outcome()
        request, host = call["request"], call["host"]
        with self.telling(outcome):
            with scope_of(request):
                send = getattr(self.client, request["method"].lower())
                stream = send(**self.arguments(index, call, max_attempts))
            outcome.status = stream.response.status_code
            if host["does"] == "drop" and host["at"] == "head":
                return outcome
            for piece in stream.response.iter_bytes():
                outcome.passed += piece
                if has_enough(host, outcome):
                    if host["does"] == "drop":
                        return outcome
                    break
            stream.close()
        return outcome

    def calls(self, calls: list[Case], max_attempts: int) -> Iterator[tuple[Case, Outcome]]:
        with self.client:
            for index, call in enumerate(calls):
                yield call, self.call(index, call, max_attempts)
                gc.collect()  # what was dropped


class AsyncHost(Host):
    def stream_class(self) -> Any:
        return self.sdk.AsyncStream

    async def streamed(self, body: bytes) -> Any:
        yield body

    async def read(self, index: int, call: Case, max_attempts: int, outcome: Outcome) -> None:
        request, host = call["request"], call["host"]
        with self.telling(outcome):
            with scope_of(request):
                send = getattr(self.client, request["method"].lower())
                sending = send(**self.arguments(index, call, max_attempts))
            stream = await sending
            outcome.status = stream.response.status_code
            if host["does"] == "drop" and host["at"] == "head":
                return
            async for piece in stream.response.aiter_bytes():
                outcome.passed += piece
                if has_enough(host, outcome):
                    if host["does"] == "drop":
                        return
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()  # the next wait ends it
            await stream.close()

    async def call(self, index: int, call: Case, max_attempts: int) -> Outcome:
        outcome = Outcome()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.create_task(self.read(index, call, max_attempts, outcome))
        return outcome

    def calls(self, calls: list[Case], max_attempts: int) -> Iterator[tuple[Case, Outcome]]:
        loop = asyncio.new_event_loop()
        for index, call in enumerate(calls):
            yield call, loop.run_until_complete(self.call(index, call, max_attempts))
            gc.collect()
            loop.run_until_complete(asyncio.sleep(0))  # the end of what was dropped
        loop.run_until_complete(self.client.close())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def scope_of(request: Case) -> Any:
    scopes = contextlib.ExitStack()
    if request["scope"]:
        scopes.enter_context(costmark.project(request["scope"]))
    if request.get("labels"):
        scopes.enter_context(costmark.labels(request["labels"]))
    if request.get("override_budgets"):
        scopes.enter_context(costmark.override_budgets())
    return scopes


def has_enough(host: Case, outcome: Outcome) -> bool:
    return host["does"] in ("cancel", "drop") and len(outcome.passed) >= host.get("after_bytes", 0)


# --- A case ---------------------------------------------------------------------------------------


class Run:
    """Runs the calls of one case, and prints what came of them."""

    def __init__(self, case: Case, sdk: str, mode: str, origin: str) -> None:
        self.sdk = sdk
        self.is_async = mode == "async"
        self.way = f"{sdk}-{mode}"
        self.origin = origin
        # A process remembers the ids of responses.
        self.case: Case = json.loads(json.dumps(case).replace("{way}", self.way))
        given = self.case["client"]
        self.credentials = Source(given.get("credentials", []), credentials_of)
        self.tokens = Source(given.get("tokens", []), lambda value: value["token"])

    def all(self) -> None:
        os.environ.clear()
        os.environ.update(self.case["client"]["environment"])
        _usage.reset_usage()
        client = self.sdk_client()
        try:
            takes_content = "content" in inspect.signature(client.post).parameters
            check_applicable(self.case, self.sdk, takes_content)
        except NotApplicableError as reason:
            self.print("skip", reason=str(reason))
            return
        begin_at_server(self.origin, f"{self.case['name']}.{self.way}")
        with reporting(self.print_row):
            try:
                self.wrap(client)
            except costmark.Error as error:
                self.print("client_error", code=error.code, offset=error.offset)
                return
        self.calls(client)
        del client
        gc.collect()
        self.print_end()

    def sdk_client(self) -> Any:
        module = import_module(self.sdk)
        name = {"openai": "OpenAI", "anthropic": "Anthropic"}[self.sdk]
        make = getattr(module, f"Async{name}" if self.is_async else name)
        # How long the SDK waits before it repeats is not what a case asks.
        vars(import_module(f"{self.sdk}._base_client"))["INITIAL_RETRY_DELAY"] = 0.01
        key = self.case["client"].get("host_api_key") or "unused"
        # Certificates take a while to load, and nothing here has one.
        library = "AsyncHttpxClient" if self.is_async else "HttpxClient"
        http_client = getattr(module, f"Default{library}")(verify=False)
        return make(base_url=self.origin, api_key=key, http_client=http_client)

    def wrap(self, client: Any) -> None:
        options = {
            name: value.replace("{origin}", self.origin)
            for name, value in self.case["client"]["options"].items()
        }
        if self.credentials.values:
            options["credentials"] = self.credentials
        if self.tokens.values:
            options["bearer_token"] = self.tokens
        costmark.wrap(client, **options)

    def calls(self, client: Any) -> None:
        make = AsyncHost if self.is_async else SyncHost
        host = make(self.sdk, client, f"{self.case['name']}.{self.way}")
        given = self.case["client"]["options"].get("max_attempts", DEFAULT_ATTEMPTS)
        for index, (_, outcome) in enumerate(host.calls(self.case["calls"], int(given))):
            if outcome.error is not None:
                code = getattr(outcome.error, "code", repr(outcome.error))
                offset = getattr(outcome.error, "offset", None)
                # Whether it began already is not seen from outside.
                self.print("error", call=index, at="send", code=code, offset=offset)
            if outcome.is_sent:
                passed = b64encode(outcome.passed).decode()
                self.print("result", call=index, status=outcome.status, passed=passed)

    # --- What is printed --------------------------------------------------------------------------

    def print(self, kind: str, /, **members: Any) -> None:
        line = {"line": kind, "case": self.case["name"], "way": self.way, **members}
        sys.stdout.write(json.dumps(line) + "\n")

    def print_row(self, report: Case) -> None:
        names = ("kind", "operation", "attempt", "concurrent", "project", "project_source", "api",
                 "status", "outcome", "request_id", "response_id", "flags")  # fmt: skip
        self.print(
            "row",
            **{name: report[name] for name in names},
            model=report["requested_model"],
            usage={
                "input": report["input_tokens"],
                "cached": report["cached_input_tokens"],
                "cache_write": report["cache_write_tokens"],
                "output": report["output_tokens"],
                "reasoning": report["reasoning_tokens"],
                "total": report["total_tokens"],
            },
        )

    def print_end(self) -> None:
        projects = {
            project: {
                "operations": used.operations,
                "attempts": used.attempts,
                "failed": used.failed_attempts,
                "incomplete": used.incomplete_attempts,
                "open": used.open_attempts,
                "input": used.input_tokens,
                "cached": used.cached_input_tokens,
                "cache_write": used.cache_write_tokens,
                "output": used.output_tokens,
                "reasoning": used.reasoning_tokens,
                "inconsistent": used.inconsistent,
            }
            for project, used in costmark.usage().items()
        }
        self.print("counters", projects=projects)
        self.print(
            "callbacks",
            credentials=self.credentials.given,
            tokens=self.tokens.given,
            refused=self.tokens.refused,
        )


def begin_at_server(origin: str, run: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(origin).netloc)
    connection.request("POST", f"/_begin/{run}")
    if connection.getresponse().status != 200:
        raise RuntimeError(f"the server does not know {run}")
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sdk", choices=list(PROJECT_HEADER), required=True)
    parser.add_argument("--mode", choices=["sync", "async"], required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--case", default="")
    given = parser.parse_args()
    import_module(given.sdk)
    gc.freeze()  # what is collected after each call is little then
    for case in json.loads(given.cases.read_text(encoding="utf-8"))["cases"]:
        if given.case in ("", case["name"]):
            Run(case, given.sdk, given.mode, given.server).all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
