"""The application: what every request and answer has in common."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

from .billing.account import Account
from .origin import check_origin
from .routes import NotFound, error_answer, routes
from .state.emulator_state import State
from .wire.errors import ApiError, invalid
from .wire.lenient import lenient_method, lenient_path
from .wire.received import Received, header_text

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .settings import Settings

_EXPOSED = "x-amzn-requestid, x-request-id, date"


class _Wire:
    """Outermost: reads the request whole, keeps it, and marks every answer with its id."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self._state.ids.new("req_")
        raw_path, raw_query = scope["raw_path"].decode("ascii"), scope["query_string"].decode()
        method = scope["method"]
        headers = tuple((n.decode("ascii"), header_text(v)) for n, v in scope["headers"])
        body = await self._body(receive)
        if body is None:
            return
        if self._state.settings.lenient and not raw_path.startswith("/_emulator/"):
            scope["path"] = lenient_path(raw_path)
            scope["method"] = lenient_method(scope["method"], scope["path"], headers, body)
        self._state.responses.advance(self._state.now())
        raw = Received(method, raw_path, raw_query, headers, body, request_id)
        scope["emulator.received"] = raw
        own = scope["path"].startswith("/_emulator/")
        entry: dict[str, Any] = {} if own else self._state.records.add_request(raw)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
                identifier = request_id.encode()
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"date", formatdate(self._state.now(), usegmt=True).encode()),
                    (b"x-request-id", identifier),
                    (b"x-amzn-requestid", identifier),
                    (b"access-control-expose-headers", _EXPOSED.encode()),
                ]
            await send(message)

        app = self._app
        refusal = self._refusal_of(raw) if own else None
        if refusal is not None:
            app = error_answer(scope, refusal)
        elif not raw_path.startswith("/") or "#" in raw_path + raw_query:
            app = error_answer(scope, invalid("The request target must be a path and a query."))
        elif len(body) > self._state.settings.max_body_bytes:
            app = error_answer(
                scope, ApiError(413, "request_too_large", "The request body is too large.")
            )
        await app(scope, receive, marked)

    def _refusal_of(self, request: Received) -> ApiError | None:
        try:
            check_origin(request, self._state.settings)
        except ApiError as error:
            return error
        return None

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
    app = Starlette(routes=routes())
    app.router.redirect_slashes = False
    app.router.default = NotFound(routes())
    app.state.emulator = state
    app.state.account = Account(settings, state.records, state.clock)
    return _Wire(app, state)
