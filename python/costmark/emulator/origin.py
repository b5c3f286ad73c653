"""Who may use the emulator's own endpoints: programs on this machine, and no web page.

A page that a browser shows can send requests to loopback. It cannot read the answers, but a request
alone changes things, and a name that a page's owner points to 127.0.0.1 makes the emulator a part
of its own site. So a request must name the emulator by an address that only this machine has, must
come from no other origin, and must have a body that no form can send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .command import is_loopback
from .wire.errors import ApiError

if TYPE_CHECKING:
    from .settings import Settings
    from .wire.received import Received

_READING = ("GET", "HEAD", "OPTIONS")


def check_origin(request: Received, settings: Settings) -> None:
    """Raise `ApiError` for a request to an endpoint of the emulator's own that may not be made."""
    host = request.value("host") or ""
    if not _is_allowed(host, settings):
        raise _refused(
            f"The Host {host!r} is not a name of this emulator's; use 127.0.0.1, localhost or the "
            "--host that it was started with."
        )
    origin = request.value("origin")
    if origin is not None and _authority(origin) != host.lower():
        raise _refused(f"Requests of another origin ({origin!r}) are refused.")
    if request.value("sec-fetch-site") in ("cross-site", "same-site"):
        raise _refused("Requests that a page of another site makes are refused.")
    if request.method not in _READING:
        _check_body(request)


def _check_body(request: Received) -> None:
    given = request.value("content-type")
    if given is None and not request.body:
        return
    media_type = (given or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(
            415,
            "unsupported_media_type",
            f"The Content-Type is {given or 'missing'}; these endpoints take application/json.",
            kind="invalid_request_error",
        )


def _is_allowed(host: str, settings: Settings) -> bool:
    if settings.allow_remote:  # every host that can reach it is let in
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name) or name.endswith(".localhost") or name == settings.host.lower()


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _refused(message: str) -> ApiError:
    return ApiError(403, "forbidden", message, kind="permission_denied_error")
