"""AWS STS: whose the credentials are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from starlette.responses import Response

from ..wire.errors import ApiError, AwsError
from .context import authenticate, received, state_of

if TYPE_CHECKING:
    from starlette.requests import Request

_ANSWER = """\
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>{arn}</Arn>
    <UserId>{name}</UserId>
    <Account>{account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>
"""


_ERROR = """\
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>
  <RequestId>{request_id}</RequestId>
</ErrorResponse>
"""


async def query(request: Request) -> Response:
    """POST / of the query protocol, whose errors are XML as well."""
    try:
        return _identity(request)
    except ApiError as error:
        text = _ERROR.format(
            code=error.aws_type(),
            message=escape(error.message),
            request_id=received(request).request_id,
        )
        return Response(text, 403 if error.status == 401 else error.status, media_type="text/xml")


def _identity(request: Request) -> Response:
    """GetCallerIdentity, which no policy can take away."""
    caller, raw = authenticate(request, "sts"), received(request)
    action = parse_qs(raw.body.decode("latin-1")).get("Action", [""])[0]
    if action != "GetCallerIdentity":
        raise AwsError(400, "InvalidAction", f"Could not find operation {action[:80]}")
    state = state_of(request)
    answer = _ANSWER.format(
        arn=escape(state.authorizer.arn_of(caller)),
        name=escape(caller.name),
        account=state.settings.account,
        request_id=raw.request_id,
    )
    return Response(answer, media_type="text/xml")
