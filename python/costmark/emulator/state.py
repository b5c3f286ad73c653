"""Everything that one running emulator holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from .auth import Authenticator, Caller
from .errors import ApiError
from .faults import Faults
from .ids import Ids
from .issued import Issuer
from .projects import ProjectStore
from .records import Records
from .stored import StoredResponses
from .tokens import PromptCache

if TYPE_CHECKING:
    from starlette.requests import Request

    from .received import Received
    from .settings import Settings


class State:
    """The emulator's memory; it is used on one event loop only."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ids = Ids(settings.seed)
        self.issuer = Issuer(settings.now)
        self.authenticator = Authenticator(settings, settings.now, issuer=self.issuer)
        self.projects = ProjectStore(settings, self.ids)
        self.records = Records(settings)
        self.faults = Faults()
        self.prompts = PromptCache()
        self.responses = StoredResponses()
        self.retention = "inherit"
        self.retention_updated_at = int(time.time())


def state_of(request: Request) -> State:
    """The emulator that serves a request."""
    return cast("State", request.app.state.emulator)


def received(request: Request) -> Received:
    """The request as it came over the wire."""
    return cast("Received", request.scope["emulator.received"])


def authenticate(request: Request) -> Caller:
    """The proven sender of a request, or an `ApiError` of status 401."""
    state = state_of(request)
    try:
        caller = state.authenticator.authenticate(received(request))
    except ApiError as error:
        state.records.count_refused(error.message)
        raise
    state.records.count_accepted(caller.signed_by)
    return caller
