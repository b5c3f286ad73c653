"""What costmark raises, grouped by what the caller can do about it.

::

    Error
    ├── RequestError         fix the request
    │                        invalid_argument, invalid_json, invalid_url
    ├── ConfigurationError   fix the configuration
    │                        invalid_option, endpoint_mismatch, unsupported
    ├── AttributionError     fix the attribution
    │                        invalid_project, unattributed, conflict, project_not_allowed
    ├── BudgetError          wait for the next period, or raise the budget
    │                        budget_exceeded
    ├── CredentialsError     authenticate again
    │                        no_credentials, expired_credentials, unusable_credentials
    ├── TransportError       try again
    │                        transport, timeout
    ├── ServiceError         try again, or read what the service says
    │                        throttled, service
    └── InternalError        report it
                             out_of_memory, internal
"""

from __future__ import annotations

__all__ = [
    "Error",
    "RequestError",
    "ConfigurationError",
    "AttributionError",
    "BudgetError",
    "CredentialsError",
    "TransportError",
    "ServiceError",
    "InternalError",
]


class Error(Exception):
    """The base of everything that costmark raises itself; ``str()`` is the message.

    ``code`` is stable and meant for programs; ``offset`` is a byte offset into the input where
    there is such a place; ``status`` and ``request_id`` are those of the answer that caused the
    error; ``retryable`` says whether the same call may succeed later without a change.
    """

    default_code = "internal"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        offset: int | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.offset = offset
        self.status = status
        self.request_id = request_id
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args[0], dict(self.__dict__))


class RequestError(Error):
    """The request cannot be sent as it is: fix it."""

    default_code = "invalid_argument"


class ConfigurationError(Error):
    """An option, or options and endpoint together, cannot work: fix the configuration."""

    default_code = "invalid_option"


class AttributionError(Error):
    """The project is missing, no project, ambiguous or not allowed: fix the attribution."""

    default_code = "invalid_project"


class BudgetError(Error):
    """A budget has no place for the call, and nothing was sent.

    Wait for its next period, or raise it. The message names the budget, and what of it is spent and
    reserved.
    """

    default_code = "budget_exceeded"


class CredentialsError(Error):
    """There is nothing valid to authenticate with: log in, or configure credentials."""

    default_code = "no_credentials"


class TransportError(Error):
    """The connection failed or a deadline passed: try again."""

    default_code = "transport"


class ServiceError(Error):
    """The service refused or failed; ``status`` and ``request_id`` tell which answer it was."""

    default_code = "service"


class InternalError(Error):
    """A bug in costmark, or a failing system library: report it."""

    default_code = "internal"


_BY_CODE: dict[str, type[Error]] = {
    "invalid_argument": RequestError,
    "invalid_json": RequestError,
    "invalid_url": RequestError,
    "body_needed": RequestError,
    "invalid_option": ConfigurationError,
    "endpoint_mismatch": ConfigurationError,
    "unsupported": ConfigurationError,
    "invalid_project": AttributionError,
    "unattributed": AttributionError,
    "conflict": AttributionError,
    "project_not_allowed": AttributionError,
    "budget_exceeded": BudgetError,
    "no_credentials": CredentialsError,
    "expired_credentials": CredentialsError,
    "unusable_credentials": CredentialsError,
    "transport": TransportError,
    "timeout": TransportError,
    "throttled": ServiceError,
    "service": ServiceError,
}


def _from_core(
    code: str, message: str, offset: int | None, status: int, request_id: str, retryable: bool
) -> Error:
    return _BY_CODE.get(code, InternalError)(
        message,
        code=code,
        offset=offset,
        status=status or None,
        request_id=request_id or None,
        retryable=retryable,
    )


def _restore(cls: type[Error], message: str, state: dict[str, object]) -> Error:
    error = cls(message)
    error.__dict__.update(state)
    return error
