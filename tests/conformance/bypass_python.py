"""Makes attempts to get a request past a wrapped client: one for each line of standard input.

A line is printed about each. `bypass.py` starts it, and `tests/conformance/README.md` says what is
in the lines.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import openai

import costmark

if TYPE_CHECKING:
    from collections.abc import Callable

httpx: Any = import_module("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx")

HARMLESS = "/v1/organization/projects"
OTHER_BODY = b'{"model":"openai.gpt-oss-120b","messages":[{"role":"user","content":"Hi"}]}'


class Changing(httpx.HTTPTransport):  # type: ignore[misc]
    """A layer below costmark's that changes what was prepared."""

    def __init__(self, change: Callable[[Any], None]) -> None:
        super().__init__()
        self._change = change

    def handle_request(self, request: Any) -> Any:
        self._change(request)
        return super().handle_request(request)


def remove_project(request: Any) -> None:
    request.headers.pop("openai-project", None)


def replace_project(request: Any) -> None:
    request.headers["openai-project"] = "default"


def replace_path(request: Any) -> None:
    request.url = request.url.copy_with(path="/v1/responses")


def replace_body(request: Any) -> None:
    request.stream = httpx.ByteStream(OTHER_BODY)
    request.headers["content-length"] = str(len(OTHER_BODY))


BELOW = {
    "below-removes": remove_project,
    "below-replaces": replace_project,
    "below-path": replace_path,
    "below-body": replace_body,
}


def harmless(attempt: dict[str, Any]) -> str:
    """An address at the same server whose requests spend nothing."""
    return str(urlsplit(attempt["url"])._replace(path=HARMLESS).geturl())


def hooked(attempt: dict[str, Any], call: Callable[..., Any], host: Any) -> None:
    """A hook of the HTTP client makes of a harmless request the one of the attempt."""

    def change(request: Any) -> None:
        request.url = httpx.URL(attempt["url"])
        request.method = attempt["method"]
        replace_body(request)
        request.headers.update(attempt["headers"])

    host.event_hooks = {"request": [change]}
    call("GET", harmless(attempt))


def hooked_body(attempt: dict[str, Any], call: Callable[..., Any], host: Any) -> None:
    host.event_hooks = {"request": [replace_body]}
    call(attempt["method"], attempt["url"], headers=attempt["headers"], content=b"{}")


def retargeted(attempt: dict[str, Any], call: Callable[..., Any], _: Any) -> None:
    """The extension `target` is what stands on the request line."""
    path = urlsplit(attempt["url"]).path.encode()
    extensions = {"target": path}
    body = base64.b64decode(attempt["body"])
    headers = attempt["headers"]
    call(attempt["method"], harmless(attempt), headers=headers, content=body, extensions=extensions)


ODD = {"hook": hooked, "hook-body": hooked_body, "target": retargeted}
PLAIN = ("send", "copy", "chunked", "follow")


def make(attempt: dict[str, Any]) -> dict[str, Any]:
    """Make an attempt, and return what is to be told of it."""
    does = attempt["does"]
    if does not in (*PLAIN, *ODD, *BELOW):
        return {"skip": "httpx has no such thing"}
    transport = Changing(BELOW[does]) if does in BELOW else None
    host = httpx.Client(transport=transport)
    origin = "{0.scheme}://{0.netloc}/v1".format(urlsplit(attempt["url"]))
    sdks_own = ("base_url", "max_attempts")
    options = {name: text for name, text in attempt["options"].items() if name not in sdks_own}
    client = openai.OpenAI(base_url=origin, api_key="unused", http_client=host, max_retries=0)
    client = costmark.wrap(client, **options)
    if does == "copy":
        client = client.with_options(timeout=9)
    statuses = []

    def call(method: str, url: str, **more: Any) -> None:
        headers = [(name, value) for name, value in more.pop("headers", attempt["headers"])]
        answer = client._client.request(method, url, headers=headers, **more)
        statuses.append(answer.status_code)

    try:
        with costmark.project(attempt["scope"]) if attempt["scope"] else nullcontext():
            _call(attempt, call, host)
    except costmark.Error as error:
        return {"refused": error.code}
    except Exception as error:  # noqa: BLE001 - of httpx, of h11, of the URL
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        host.close()
    return {"status": statuses[-1]}


def _call(attempt: dict[str, Any], call: Callable[..., Any], host: Any) -> None:
    does = attempt["does"]
    if does in ODD:
        ODD[does](attempt, call, host)
        return
    body = base64.b64decode(attempt["body"])
    content: Any = iter([body]) if does == "chunked" else body
    more = {"follow_redirects": True} if does == "follow" else {}
    call(attempt["method"], attempt["url"], content=content, **more)


def main() -> None:
    """Make them."""
    for line in sys.stdin:
        print(json.dumps(make(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
