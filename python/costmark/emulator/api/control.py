"""The emulator's own endpoints under /_emulator; they need no authorization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ..auth.issued_credentials import MAX_LIFE_S
from ..billing import data_exports
from ..billing.entries import parse_entry
from ..state.faults import parse_fault
from ..state.records import timestamp
from ..wire.errors import invalid
from .context import account_of, received, state_of
from .inference import json_response, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

_MOST_FORWARD_S = 400 * 86_400


async def reset(request: Request) -> Response:
    """POST forgets everything but the projects, and takes the clock back."""
    state = state_of(request)
    state.records.clear_usage()
    state.records.clear_requests()
    state.records.clear_authorizations()
    state.issuer.clear()
    state.roles.clear()
    state.role_accounts.clear()
    state.faults.clear()
    state.prompts.clear()
    state.responses.clear()
    account_of(request).clear()
    state.clock.reset()
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


async def clock(request: Request) -> Response:
    """GET tells the emulator's time, POST moves it forward by `forward_s` seconds."""
    state = state_of(request)
    if request.method == "POST":
        state.clock.forward(_seconds(parse_object(received(request).body)))
    return json_response({"now": timestamp(state.now()), "ahead_s": state.clock.ahead_s})


def _seconds(body: Mapping[str, Any]) -> float:
    value = body.get("forward_s")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value = -1
    if set(body) != {"forward_s"} or not 0 <= value <= _MOST_FORWARD_S:
        raise invalid(
            f"The one member is 'forward_s', a number from 0 to {_MOST_FORWARD_S}.",
            param="forward_s",
        )
    return float(value)


async def exports(request: Request) -> Response:
    """POST delivers the data exports, and lists the manifests that it wrote."""
    return json_response(data_exports.deliver(account_of(request)))


async def charges(request: Request) -> Response:
    """POST adds a line to the bill: a credit, a refund, a tax, a fee."""
    account = account_of(request)
    entry = parse_entry(parse_object(received(request).body), state_of(request).settings)
    account.entries.append(entry)
    return Response(status_code=204)


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
