"""One call of an SDK, and the operation that its attempts are made for.

The SDK enters `request` once for each call of the user, and loops over attempts inside. So a `Call`
is put into the options there; every attempt works on a copy of them, and what builds its request
moves the `Call` into the request's extensions, where the transport finds it. An attempt that goes
on elsewhere, as after a redirect, takes its extensions along.

    request(options) ──► options.__dict__ ──► request.extensions ──► transport
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .. import _core
    from .core_client import CoreClient

CALL = "costmark"  # in the options' dictionary, and in a request's extensions


class Call:
    """An operation on its way through the SDK, which hands it to one attempt at a time."""

    __slots__ = ("_free", "authorized", "by_sdk", "core", "left_alone", "lock", "operation")

    def __init__(self, by_sdk: bool = False) -> None:
        self.by_sdk = by_sdk  # whose client may change during the call, and its core client so
        self.core: CoreClient | None = None  # whose operation it is
        self.operation: _core.Operation | None = None  # once it has begun
        self.authorized = False  # whether the last request carried an authorization of ours
        self.left_alone = False  # whether its requests pass as they are
        self.lock = threading.Lock()  # held while it begins
        self._free: list[_core.Operation] = []  # empty while an attempt has it

    def begun(self, core: CoreClient, operation: _core.Operation) -> None:
        """Take the operation in."""
        self.core, self.operation = core, operation
        self._free = [operation]

    def take(self) -> _core.Operation | None:
        """Hand out the operation; None while another attempt has it."""
        try:
            return self._free.pop()  # which no two threads do at once
        except IndexError:
            return None

    def give_back(self, operation: _core.Operation) -> None:
        """Let the next attempt have what `take` handed out."""
        if operation is self.operation:  # which goes on with another one after a late change
            self._free.append(operation)

    # A copy of options, or of a request, makes another attempt of the same call.

    def __copy__(self) -> Call:
        return self

    def __deepcopy__(self, memo: object) -> Call:
        return self

    def __reduce__(self) -> tuple[type[Call], tuple[()]]:
        return Call, ()


def carrying_call(options: Any) -> Any:
    """Return an SDK's options with a new call inside, for the copies that it makes of them.

    They are the same object unless another call is under way with it. Take the call out afterwards.
    """
    call = Call(True)
    if options.__dict__.setdefault(CALL, call) is not call:
        options = options.model_copy() if hasattr(options, "model_copy") else options.copy()
        options.__dict__[CALL] = call
    return options


def call_of(request: Any) -> Call | None:
    """Return the call that a request belongs to."""
    call: Call | None = request.extensions.get(CALL)
    return call


def leave_alone(request: Any) -> None:
    """Let a request, and where it is redirected to, pass as it is."""
    call = Call(True)
    call.left_alone = True
    join(request, call)


def join(request: Any, call: Call) -> None:
    """Make a request belong to a call."""
    # The dictionary may be shared with other requests.
    request.extensions = {**request.extensions, CALL: call}
