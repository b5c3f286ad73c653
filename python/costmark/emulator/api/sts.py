"""AWS STS, as far as billing needs it: who signs, and the credentials of a role."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from starlette.responses import Response

from ..auth.issued_credentials import MAX_LIFE_S
from ..wire.errors import ApiError
from .context import received, state_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..auth.authenticator import Authenticator, Caller
    from ..state.emulator_state import State

SERVICE = "sts"

_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/([\w+=,.@/-]+)")
_SESSION = re.compile(r"[\w+=,.@-]{2,64}")


class _StsError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(request: Request, authenticator: Authenticator) -> Response:
    """The answer to a form with an `Action`."""
    raw, state = received(request), state_of(request)
    form = {name: values[-1] for name, values in parse_qs(raw.body.decode("latin-1")).items()}
    action = form.get("Action", "")
    try:
        caller = authenticator.authenticate(raw)
        if action == "GetCallerIdentity":
            content = _identity(state, caller)
        elif action == "AssumeRole":
            content = _assumed(state, caller, form)
        else:
            raise _StsError("InvalidAction", f"Could not find operation {action}")
    except ApiError as error:
        return _error("SignatureDoesNotMatch", error.message)
    except _StsError as error:
        return _error(error.code, str(error))
    text = f'<{action}Response xmlns="{_XMLNS}"><{action}Result>{content}</{action}Result>'
    return Response(f"{text}</{action}Response>", media_type="text/xml")


def _error(code: str, message: str) -> Response:
    inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    text = f'<ErrorResponse xmlns="{_XMLNS}"><Error>{inner}</Error></ErrorResponse>'
    return Response(text, 403, media_type="text/xml")


def _identity(state: State, caller: Caller) -> str:
    account = state.account_of(caller.access_key_id)
    role = state.roles.get(caller.access_key_id or "")
    arn = (
        f"arn:aws:sts::{account}:assumed-role/{role}"
        if role
        else f"arn:aws:iam::{account}:user/emulator"
    )
    user = caller.access_key_id or "anonymous"
    return f"<Arn>{arn}</Arn><UserId>{user}</UserId><Account>{account}</Account>"


def _assumed(state: State, caller: Caller, form: dict[str, str]) -> str:
    role, session = _ROLE.fullmatch(form.get("RoleArn", "")), form.get("RoleSessionName", "")
    if role is None or not _SESSION.fullmatch(session):
        raise _StsError("ValidationError", "RoleArn or RoleSessionName is not valid.")
    life_s = form.get("DurationSeconds", "3600")
    if not (life_s.isascii() and life_s.isdigit() and 900 <= int(life_s) <= MAX_LIFE_S):
        raise _StsError("ValidationError", f"DurationSeconds must be 900 to {MAX_LIFE_S}.")
    if role[1] not in (state.settings.account, *state.settings.linked_accounts):
        raise _StsError("AccessDenied", f"Not authorized to assume {role[0]}: another account's.")
    try:
        state.authorizer.check(caller, "sts:AssumeRole", role[0])
    except ApiError as error:
        raise _StsError("AccessDenied", error.message) from None
    issue = state.issuer.issue(int(life_s))
    name = f"{role[2].rpartition('/')[2]}/{session}"
    given = issue.credentials
    state.roles[given.access_key_id] = name
    state.role_accounts[given.access_key_id] = role[1]
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(issue.expires_at))
    return (
        f"<Credentials><AccessKeyId>{given.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{given.secret_access_key}</SecretAccessKey>"
        f"<SessionToken>{given.session_token}</SessionToken><Expiration>{end}</Expiration>"
        f"</Credentials><AssumedRoleUser><AssumedRoleId>AROAEMULATOR:{session}</AssumedRoleId>"
        f"<Arn>arn:aws:sts::{role[1]}:assumed-role/{name}</Arn></AssumedRoleUser>"
    )
