"""The emulator's own endpoints under /_emulator; they need no authorization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from ..auth.issued_credentials import MAX_LIFE_S
from ..state.faults import parse_fault
from ..wire.errors import invalid
from .context import received, state_of
from .inference import json_response, parse_object

if TYPE_CHECKING:
    from starlette.requests import Request


async def reset(request: Request) -> Response:
    """POST forgets everything but the projects: records, faults, cached prompts, responses."""
    state = state_of(request)
    state.records.clear_usage()
    state.records.clear_requests()
    state.records.clear_authorizations()
    state.issuer.clear()
    state.faults.clear()
    state.prompts.clear()
    state.responses.clear()
    return Response(status_code=204)


async def usage(request: Request) -> Response:
    """GET lists the usage records, DELETE forgets them."""
    records = state_of(request).records
    if request.method == "DELETE":
        records.clear_usage()
        return Response(status_code=204)
    return json_response(records.usage())


async def requests(request: Request) -> Response:
    """GET lists the last requests as they came, oldest first; DELETE forgets them."""
    records = state_of(request).records
    if request.method == "DELETE":
        records.clear_requests()
        return Response(status_code=204)
    return json_response(records.requests())


async def faults(request: Request) -> Response:
    """GET lists the faults that wait, POST adds one, DELETE switches all off."""
    waiting = state_of(request).faults
    if request.method == "DELETE":
        waiting.clear()
        return Response(status_code=204)
    if request.method == "POST":
        waiting.add(parse_fault(parse_object(received(request).body)))
    return json_response(waiting.pending())


async def authorizations(request: Request) -> Response:
    """GET counts the requests that were accepted and refused, DELETE counts anew."""
    records = state_of(request).records
    if request.method == "DELETE":
        records.clear_authorizations()
        return Response(status_code=204)
    return json_response(records.authorizations())


async def credentials(request: Request) -> Response:
    """GET and POST issue temporary credentials, for `?life_s=` seconds or an hour."""
    text = request.query_params.get("life_s", "3600")
    life_s = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 1 <= life_s <= MAX_LIFE_S:
        raise invalid(f"'life_s' must be a whole number from 1 to {MAX_LIFE_S}.", param="life_s")
    state = state_of(request)
    return json_response(state.issuer.issue(life_s).document(state.settings.account))
