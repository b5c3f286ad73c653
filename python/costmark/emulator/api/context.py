"""What every handler asks of its request: the emulator, the bytes, the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..wire.errors import ApiError

SERVICE = "bedrock-mantle"

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..auth.authenticator import Caller
    from ..state.emulator_state import State
    from ..wire.received import Received


def state_of(request: Request) -> State:
    """The emulator that serves a request."""
    return cast("State", request.app.state.emulator)


def received(request: Request) -> Received:
    """The request as it came over the wire."""
    return cast("Received", request.scope["emulator.received"])


def authenticate(request: Request) -> Caller:
    """The proven sender of a request, who may use a token if it is one; else an `ApiError`."""
    state = state_of(request)
    try:
        caller = state.authenticator.authenticate(received(request))
    except ApiError as error:
        state.records.count_refused(error.message)
        raise
    state.records.count_accepted(caller.signed_by)
    state.authorizer.check_bearer(caller, SERVICE)
    return caller
