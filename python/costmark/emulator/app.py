"""The application: routes, and what every request and answer has in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import chat, control, embeddings, messages, model_api, project_api, responses
from .catalogue import ANTHROPIC_V1, OPENAI_V1, V1
from .errors import ApiError, invalid
from .received import Received, header_text
from .state import State

if TYPE_CHECKING:
    from .settings import Settings

_EXPOSED = "x-amzn-requestid, x-request-id, date"

Handler = Callable[[Request], Awaitable[ASGIApp]]


class _Endpoint:
    """A route's application: errors become answers in the shape of the API."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._handler(Request(scope))
        except ApiError as error:
            answer = _error_answer(scope, error)
        await answer(scope, receive, send)


def _error_answer(scope: Scope, error: ApiError) -> ASGIApp:
    anthropic = scope["path"].startswith("/anthropic/")
    request_id = scope["emulator.received"].request_id
    return error.response(anthropic=anthropic, request_id=request_id)


class _Empty:
    """An answer without a body: what wrong paths and wrong methods get."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _route(path: str, **handlers: Handler) -> Route:
    """A path and its handler for each method."""
    endpoints = {method: _Endpoint(handler) for method, handler in handlers.items()}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = endpoints.get(scope["method"]) or _Empty(405)
        await answer(scope, receive, send)

    return Route(path, endpoint=_Asgi(dispatch))


class _Asgi:
    """Starlette takes a plain function for a handler and an object for an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _routes() -> list[Route]:
    projects = f"{V1}/organization/projects"
    anthropic = f"{ANTHROPIC_V1}/messages"
    routes = [
        _route(projects, GET=project_api.listing, POST=project_api.create),
        _route(projects + "/{project_id}", GET=project_api.get, POST=project_api.update),
        _route(projects + "/{project_id}/archive", POST=project_api.archive),
        _route(
            f"{V1}/data_retention",
            GET=project_api.account_retention,
            PUT=project_api.account_retention,
        ),
        _route(f"{V1}/models", GET=model_api.listing),
        _route(V1 + "/models/{model_id}", GET=model_api.get),
        _route(f"{V1}/embeddings", POST=embeddings.create),
        _route(f"{V1}/responses/compact", POST=responses.compact),
        _route(anthropic, POST=messages.create),
        _route(f"{anthropic}/count_tokens", POST=messages.count_tokens),
        _route("/_emulator/reset", POST=control.reset),
        _route("/_emulator/usage", GET=control.usage, DELETE=control.usage),
        _route("/_emulator/requests", GET=control.requests, DELETE=control.requests),
        _route("/_emulator/faults", GET=control.faults, POST=control.faults, DELETE=control.faults),
        _route(
            "/_emulator/authorizations",
            GET=control.authorizations,
            DELETE=control.authorizations,
        ),
        _route("/_emulator/credentials", GET=control.credentials, POST=control.credentials),
    ]
    for base in (V1, OPENAI_V1):
        routes += [
            _route(f"{base}/chat/completions", POST=chat.create),
            _route(f"{base}/responses", POST=responses.create),
            _route(base + "/responses/{response_id}", GET=responses.get, DELETE=responses.delete),
            _route(base + "/responses/{response_id}/cancel", POST=responses.cancel),
        ]
    return routes


class _Wire:
    """Outermost: reads the request whole, keeps it, and marks every answer with its id."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._state.ids.new("req_")
        raw_path, raw_query = scope["raw_path"].decode("ascii"), scope["query_string"].decode()
        headers = tuple((n.decode("ascii"), header_text(v)) for n, v in scope["headers"])
        body = await self._body(receive)
        if body is None:
            return
        raw = Received(scope["method"], raw_path, raw_query, headers, body, request_id)
        scope["emulator.received"] = raw
        own = scope["path"].startswith("/_emulator/")
        entry: dict[str, Any] = {} if own else self._state.records.add_request(raw)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                identifier = request_id.encode()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"date", formatdate(self._state.settings.now(), usegmt=True).encode()),
                    (b"x-request-id", identifier),
                    (b"x-amzn-requestid", identifier),
                    (b"access-control-expose-headers", _EXPOSED.encode()),
                ]
            await send(message)

        app = self._app
        if not raw_path.startswith("/") or "#" in raw_path + raw_query:
            app = _error_answer(scope, invalid("The request target must be a path and a query."))
        elif len(body) > self._state.settings.max_body_bytes:
            app = _error_answer(
                scope, ApiError(413, "request_too_large", "The request body is too large.")
            )
        await app(scope, receive, marked)

    async def _body(self, receive: Receive) -> bytes | None:
        """The body, cut just above the permitted size; None when the caller went away."""
        most = self._state.settings.max_body_bytes + 1
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")[: most - len(body)]
            if not message.get("more_body", False):
                return bytes(body)


def build_app(settings: Settings) -> ASGIApp:
    """An emulator as an ASGI application."""
    state = State(settings)
    app = Starlette(routes=_routes())
    app.router.redirect_slashes = False
    app.router.default = _Empty(404)
    app.state.emulator = state
    return _Wire(app, state)
