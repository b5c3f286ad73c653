"""AWS's JSON protocols: services, their operations, and errors as they answer them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped,unused-ignore]
from starlette.responses import Response

from ..wire.json_text import dumps

if TYPE_CHECKING:
    from .account import Account

Answer = dict[str, Any]
Asked = Mapping[str, Any]
Operation = Callable[["Account", Asked], Answer]


@dataclass(frozen=True)
class Service:
    """A service that speaks JSON and names the operation in a header."""

    name: str
    target: str
    signing_name: str
    version: str
    operations: Mapping[str, Operation]
    is_global: bool = True
    """Served from us-east-1 alone, whatever the Region of what it is asked about."""
    names_query_errors: bool = False
    """Says in a header how the older query protocol calls an error."""


class BillingError(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def response(self, service: Service | None) -> Response:
        """The error as an HTTP answer."""
        headers = {}
        if service is not None and service.names_query_errors:
            side = "Sender" if self.status < 500 else "Receiver"
            headers["x-amzn-query-error"] = f"{self.code.removesuffix('Exception')};{side}"
        body = {"__type": self.code, "message": self.message, "Message": self.message}
        return answer(service, body, self.status, headers)


def answer(
    service: Service | None,
    body: Answer,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A body as an HTTP answer of a service."""
    version = service.version if service is not None else "1.1"
    media_type = f"application/x-amz-json-{version}"
    return Response(dumps(body), status, dict(headers or {}), media_type=media_type)


def invalid(message: str) -> BillingError:
    """A request that parses and cannot be served."""
    return BillingError("ValidationException", message)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def check_request(service: Service, operation: str, body: Asked) -> None:
    """Check a request against the service's own model. BillingError names every member at fault."""
    shape = _model(service.name).operation_model(operation).input_shape
    faults = list(_faults(shape, body, ""))
    if faults:
        number = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
        raise invalid(number + "; ".join(faults))


_TYPES: dict[str, tuple[Any, str]] = {
    "string": (str, "a string"),
    "integer": (int, "a whole number"),
    "long": (int, "a whole number"),
    "boolean": (bool, "a boolean"),
    "double": ((int, float), "a number"),
    "timestamp": ((int, float, str), "a time"),
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "list": (list, "a list"),
}


def _faults(shape: Any, value: Any, path: str) -> Any:
    """What is wrong with a value, and where. Members that the model does not know are ignored."""
    wanted, what = _TYPES[shape.type_name]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        yield f"Value at '{path}' must be {what}"
        return
    yield from _broken_limits(shape, value, path)
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_below(path, name)}' must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _faults(member, value[name], _below(path, name))
    elif shape.type_name == "list":
        for place, each in enumerate(value, start=1):
            yield from _faults(shape.member, each, f"{path}.{place}.member")
    elif shape.type_name == "map":
        for name, each in value.items():
            yield from _faults(shape.value, each, _below(path, name))


def _below(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _broken_limits(shape: Any, value: Any, path: str) -> Any:
    limits = shape.metadata
    size = value if isinstance(value, (int, float)) else len(value)
    failed = f"Value at '{path}' failed to satisfy constraint: Member must "
    if "min" in limits and size < limits["min"]:
        yield f"{failed}have a length or value of at least {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"{failed}have a length or value of at most {limits['max']}"
    if shape.type_name != "string":
        return
    if shape.enum and value not in shape.enum:
        yield f"{failed}satisfy enum value set: [{', '.join(shape.enum)}]"
    pattern = limits.get("pattern")
    if pattern is not None and "\\p{" not in pattern and re.fullmatch(pattern, value) is None:
        yield f"{failed}satisfy regular expression pattern: {pattern}"
