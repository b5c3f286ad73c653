"""Errors in the shapes that Bedrock answers with: OpenAI's, Anthropic's, and AWS's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from .json_text import dumps

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}

_AWS_TYPES = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    413: "RequestEntityTooLargeException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
# What the paths of `bedrock-runtime` and of the `bedrock` control plane begin with.
_OF_AWS = ("/model/", "/projects", "/tagResource", "/untagResource", "/listTagsForResource")


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.kind = kind or code
        self.param = param
        self.headers = dict(headers or {})

    def body(self, *, anthropic: bool, request_id: str) -> dict[str, Any]:
        """The error's body in the shape of the API that was called."""
        if anthropic:
            kind = _ANTHROPIC_TYPES.get(self.status, "api_error")
            return {
                "type": "error",
                "request_id": request_id,
                "error": {"type": kind, "message": self.message},
            }
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "type": self.kind,
            }
        }

    def response(self, path: str, request_id: str) -> Response:
        """The error as an HTTP answer, in the shape of the API that was called."""
        if path.startswith(_OF_AWS):
            return self._aws_response()
        body = dumps(self.body(anthropic=path.startswith("/anthropic/"), request_id=request_id))
        return Response(body, self.status, self.headers, media_type="application/json")

    def aws_type(self) -> str:
        """The name of the error among AWS's."""
        return _AWS_TYPES.get(self.status, "InternalServerException")

    def _aws_response(self) -> Response:
        # A caller who is not known is told so with 403.
        status = 403 if self.status == 401 else self.status
        headers = {**self.headers, "x-amzn-errortype": self.aws_type()}
        body = dumps({"message": self.message})
        return Response(body, status, headers, media_type="application/json")


class AwsError(ApiError):
    """An error that AWS has a name for."""

    def aws_type(self) -> str:
        """The name that it was made with."""
        return self.code


def invalid(message: str, *, param: str | None = None, code: str = "validation_error") -> ApiError:
    """A request that parses and cannot be served: status 400."""
    return ApiError(400, code, message, kind="invalid_request_error", param=param)


def undeserializable(reason: str) -> ApiError:
    """A body that is not what the operation takes: status 400."""
    return invalid(f"Failed to deserialize the JSON body into the target type: {reason}")


def not_found(message: str) -> ApiError:
    """A thing that a request names and that is not there: status 404."""
    return ApiError(404, "not_found_error", message)


class UnauthenticatedError(ApiError):
    """A signature or token that does not hold: status 401, or 403 where AWS's shape is spoken."""

    def __init__(self, message: str, aws_type: str) -> None:
        super().__init__(401, "invalid_api_key", message, kind="permission_denied_error")
        self._aws_type = aws_type

    def aws_type(self) -> str:
        """Which of the ways not to be known it is."""
        return self._aws_type


def unauthenticated(message: str, aws_type: str = "InvalidSignatureException") -> ApiError:
    """A signature or token that does not hold."""
    return UnauthenticatedError(message, aws_type)


def access_denied(message: str) -> ApiError:
    """What no policy allows: status 403."""
    return ApiError(403, "access_denied", message, kind="permission_denied_error")


def expired_token() -> ApiError:
    """Credentials that have expired."""
    return unauthenticated(
        "The security token included in the request is expired.", "ExpiredTokenException"
    )


def validation_exception(message: str) -> ApiError:
    """What AWS's own APIs answer a request with that they cannot serve: status 400."""
    return AwsError(400, "ValidationException", message)
