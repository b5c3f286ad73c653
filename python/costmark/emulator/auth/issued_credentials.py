"""Temporary credentials that the emulator issues, and knows again when something is signed."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..settings import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LIFE_S = 43_200
_REMEMBERED_S = 900  # after their end, so that late users hear "expired", not "invalid"


@dataclass(frozen=True)
class Issue:
    """One set of credentials and the second in which it ends."""

    credentials: Credentials
    expires_at: int

    def document(self, account: str) -> dict[str, object]:
        """As a `credential_process` prints it and as a container's endpoint answers it."""
        token = self.credentials.session_token
        return {
            "Version": 1,
            "AccessKeyId": self.credentials.access_key_id,
            "SecretAccessKey": self.credentials.secret_access_key,
            "SessionToken": token,
            "Token": token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.expires_at)),
            "AccountId": account,
        }


class Issuer:
    """Issues credentials and remembers them past their end."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._issues: dict[str, Issue] = {}  # in the order in which they were issued

    def issue(self, life_s: int) -> Issue:
        """Credentials that live `life_s` seconds, or up to a second less."""
        now = self._clock()
        self._forget(now)
        key_id = "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()
        secret = base64.b64encode(secrets.token_bytes(30)).decode()
        credentials = Credentials(key_id, secret, secrets.token_urlsafe(60))
        issue = Issue(credentials, int(now) + life_s)
        self._issues[key_id] = issue
        return issue

    def find(self, access_key_id: str) -> Issue | None:
        """What was issued under an access key."""
        return self._issues.get(access_key_id)

    def clear(self) -> None:
        """Forget everything that was issued."""
        self._issues.clear()

    def _forget(self, now: float) -> None:
        for key_id, issue in list(self._issues.items()):
            if issue.expires_at + _REMEMBERED_S < now:
                del self._issues[key_id]
