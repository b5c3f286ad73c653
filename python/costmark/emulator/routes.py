"""Which handler serves which path and method."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from .api import bedrock_projects, billing, chat, control, embeddings, messages, models, projects
from .api.project_faults import with_faults
from .api.responses import compaction
from .api.responses import handlers as responses
from .api.runtime import converse, invoke
from .model.catalog import ANTHROPIC_V1, OPENAI_V1, V1
from .wire.errors import ApiError

if TYPE_CHECKING:
    from types import ModuleType

    from starlette.types import Receive, Scope, Send

_log = logging.getLogger("costmark.emulator")
_SHOWN_PATH = 200

Handler = Callable[[Request], Awaitable[ASGIApp]]


class _Endpoint:
    """A route's application: errors become answers in the shape of the API."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._handler(Request(scope))
        except ApiError as error:
            answer = error_answer(scope, error)
        await answer(scope, receive, send)


def error_answer(scope: Scope, error: ApiError) -> ASGIApp:
    """An error in the shape of the API that was called."""
    return error.response(scope["path"], scope["emulator.received"].request_id)


class Empty:
    """An answer without a body: what wrong paths and wrong methods get."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class NotFound(Empty):
    """What AWS answers at a wrong path: nothing. The log says what the right one may be."""

    def __init__(self, known: Sequence[Route]) -> None:
        super().__init__(404)
        self._paths = [route.path for route in known]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log the path, then answer."""
        path = scope["path"][:_SHOWN_PATH]
        near = difflib.get_close_matches(path, self._paths, n=1)
        _log.warning(
            "%s %s: there is no such path, as on AWS the answer is an empty 404%s",
            *(ascii(scope["method"][:16])[1:-1], ascii(path)[1:-1]),
            f"; did you mean {near[0]}?" if near else "",
        )
        await super().__call__(scope, receive, send)


def _route(path: str, *, otherwise: int = 405, **handlers: Handler) -> Route:
    """A path and its handler for each method, and the status of the other methods."""
    endpoints = {method: _Endpoint(handler) for method, handler in handlers.items()}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp | None = endpoints.get(scope["method"])
        if answer is None:
            _log.warning(
                "%s %s: this path takes %s, as on AWS the answer is an empty %d",
                *(ascii(scope["method"][:16])[1:-1], path, " and ".join(endpoints), otherwise),
            )
            answer = Empty(otherwise)
        await answer(scope, receive, send)

    return Route(path, endpoint=_Asgi(dispatch))


class _Asgi:
    """Starlette takes a plain function for a handler and an object for an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def routes() -> list[Route]:
    """Every route of the emulator."""
    return [
        *_control_plane(),
        *_inference(V1),
        *_inference(OPENAI_V1),
        *_runtime(),
        *_bedrock(),
        *_own(),
    ]


def _control_plane() -> list[Route]:
    retention = projects.account_retention
    return [
        *_project_routes(f"{V1}/organization/projects", "/{project_id}", projects),
        _route(f"{V1}/data_retention", GET=retention, PUT=retention),
        _route(f"{V1}/models", GET=models.listing),
        _route(V1 + "/models/{model_id}", GET=models.get),
    ]


def _project_routes(listed: str, named: str, plane: ModuleType) -> list[Route]:
    listing = with_faults("ListProjects", plane.listing)
    archive = with_faults("ArchiveProject", plane.archive)
    get, update = with_faults("GetProject", plane.get), with_faults("UpdateProject", plane.update)
    return [
        _route(listed, GET=listing, POST=with_faults("CreateProject", plane.create)),
        _route(listed + named + "/archive", POST=archive),
        _route(listed + named, GET=get, POST=update),
    ]


def _bedrock() -> list[Route]:
    """The `bedrock` control plane: a project may be named by its ARN, with a slash in it."""
    tags_of = with_faults("ListTagsForResource", bedrock_projects.tags_of)
    return [
        *_project_routes("/projects", "/{project:path}", bedrock_projects),
        _route("/tagResource", POST=with_faults("TagResource", bedrock_projects.tag)),
        _route("/untagResource", POST=with_faults("UntagResource", bedrock_projects.untag)),
        _route("/listTagsForResource", POST=tags_of),
    ]


def _inference(base: str) -> list[Route]:
    stored = base + "/responses/{response_id}"
    both = [
        _route(f"{base}/chat/completions", POST=chat.create),
        _route(f"{base}/responses", POST=responses.create),
        _route(stored, GET=responses.get, DELETE=responses.delete),
        _route(stored + "/cancel", POST=responses.cancel),
    ]
    if base != V1:
        return both
    return [
        # Before the route of a response whose id would be `compact`.
        _route(f"{V1}/responses/compact", POST=compaction.create),
        *both,
        _route(f"{V1}/embeddings", POST=embeddings.create),
        _route(f"{ANTHROPIC_V1}/messages", POST=messages.create),
        _route(f"{ANTHROPIC_V1}/messages/count_tokens", POST=messages.count_tokens),
    ]


def _runtime() -> list[Route]:
    """`bedrock-runtime`: a model's name may be an ARN, with slashes in it."""
    model = "/model/{model_id:path}"
    return [
        _route(f"{model}/converse", POST=converse.create),
        _route(f"{model}/converse-stream", POST=converse.stream),
        _route(f"{model}/invoke", POST=invoke.create),
        _route(f"{model}/invoke-with-response-stream", POST=invoke.stream),
    ]


def _own() -> list[Route]:
    read_and_clear = {
        "usage": control.usage,
        "requests": control.requests,
        "authorizations": control.authorizations,
    }
    faults, credentials = control.faults, control.credentials
    return [
        _route("/", otherwise=404, POST=billing.dispatch),
        *(_route(f"/_emulator/{n}", GET=each, DELETE=each) for n, each in read_and_clear.items()),
        _route("/_emulator/reset", POST=control.reset),
        _route("/_emulator/exports", POST=control.exports),
        _route("/_emulator/charges", POST=control.charges),
        _route("/_emulator/clock", GET=control.clock, POST=control.clock),
        _route("/_emulator/faults", GET=faults, POST=faults, DELETE=faults),
        _route("/_emulator/credentials", GET=credentials, POST=credentials),
    ]
