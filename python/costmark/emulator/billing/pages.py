"""Long answers in pages, each with a token that leads to the next one."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from .aws_json import BillingError

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item],
    asked: Mapping[str, Any],
    most: int,
    *,
    token: str = "NextToken",  # noqa: S107 - the name of a member
    refused: str = "InvalidNextTokenException",
    changed: str = "InvalidNextTokenException",
) -> tuple[Sequence[Item], dict[str, str]]:
    """One page, and the member that names the next one, if there is one.

    ``refused`` is the error for what is no token, ``changed`` for one of another request.
    """
    request = {name: value for name, value in asked.items() if name != token}
    text = json.dumps(request, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    begin = 0
    if asked.get(token):
        begin, of_request = _read(asked[token], refused)
        if of_request != digest:
            raise BillingError(changed, "The request is not the one that the token is of.")
    end = begin + most
    following = {token: _written(end, digest)} if end < len(items) else {}
    return items[begin:end], following


def _written(begin: int, digest: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([begin, digest]).encode()).decode()


def _read(token: str, refused: str) -> tuple[int, str]:
    try:
        begin, digest = json.loads(base64.urlsafe_b64decode(token))
        return int(begin), str(digest)
    except (ValueError, TypeError):
        raise BillingError(refused, "The token is not one that was given out.") from None
