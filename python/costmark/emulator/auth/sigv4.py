"""Signatures calculated by botocore over what was received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.auth import SigV4Auth  # type: ignore[import-untyped,unused-ignore]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped,unused-ignore]
from botocore.compat import HTTPHeaders  # type: ignore[import-untyped,unused-ignore]
from botocore.credentials import (  # type: ignore[import-untyped,unused-ignore]
    Credentials as BotocoreCredentials,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..settings import Credentials
    from ..wire.received import Received

# The service's front door consumes or rewrites these before it verifies: a signature over one of
# them, or over a name with an underscore, does not hold there, and so it does not here.
_CONSUMED = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class _ListedHeaders(SigV4Auth):  # type: ignore[misc,unused-ignore]
    """botocore's signer, over exactly the headers of the request that it is given."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers


def _url(request: Received, query: str) -> str:
    return f"http://emulator{request.raw_path}" + (f"?{query}" if query else "")


def _parameters(raw_query: str) -> list[tuple[str, str]]:
    pairs = []
    for pair in raw_query.split("&"):
        key, _, value = pair.partition("=")
        if pair:
            pairs.append((unquote(key), unquote(value)))
    return pairs


def _signature(
    request: Any, credentials: Credentials, timestamp: str, region: str, service: str
) -> str:
    keys = BotocoreCredentials(credentials.access_key_id, credentials.secret_access_key)
    signer = _ListedHeaders(keys, service, region)
    request.context["timestamp"] = timestamp
    canonical = signer.canonical_request(request)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


def signatures(
    request: Received,
    names: Sequence[str],
    credentials: Credentials,
    timestamp: str,
    region: str,
    service: str,
) -> Iterator[str]:
    """The signatures that prove `request`.

    The first is botocore's over the raw query, which it sorts and takes for encoded. When there is
    a query, the second is over the same query decoded and encoded again, as the specification
    has it.
    """
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name in names:
            consumed = name in _CONSUMED or "_" in name
            headers[name] = "" if consumed else value
    url = _url(request, request.raw_query)
    plain = AWSRequest(method=request.method, url=url, data=request.body, headers=headers)
    yield _signature(plain, credentials, timestamp, region, service)
    if request.raw_query:
        encoded = AWSRequest(
            method=request.method,
            url=_url(request, ""),
            data=request.body,
            headers=headers,
            params=_parameters(request.raw_query),
        )
        yield _signature(encoded, credentials, timestamp, region, service)


def presigned_signature(
    url: str, host: str, credentials: Credentials, timestamp: str, region: str, service: str
) -> str:
    """The signature of a presigned POST without a body whose only signed header is `host`."""
    headers = HTTPHeaders()
    headers["host"] = host
    request = AWSRequest(method="POST", url=url, data=b"", headers=headers)
    return _signature(request, credentials, timestamp, region, service)
