"""The decision about one request, in AWS's documented order."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conditions import Keys
    from .document import Statement


class Decision(enum.Enum):
    """Whether a request is allowed, and if not, why."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


def decide(statements: Iterable[Statement], action: str, resource: str, keys: Keys) -> Decision:
    """One deny decides; else one allow; else the request is denied implicitly."""
    applying = [each for each in statements if each.applies(action, resource, keys)]
    if not all(each.is_allow for each in applying):
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if applying else Decision.IMPLICIT_DENY
