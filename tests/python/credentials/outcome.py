"""What costmark and botocore find, in a form that can be laid side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import botocore.loaders  # type: ignore[import-untyped,unused-ignore]
import botocore.session  # type: ignore[import-untyped,unused-ignore]

import costmark

if TYPE_CHECKING:
    from collections.abc import Mapping

LOADER = botocore.loaders.create_loader()  # reads the models once, not once a session
SECONDS_OF_GRACE = 90  # botocore goes through the cases one by one


@dataclass(eq=False)
class Outcome:
    """What one of the two found; equal where source, account, keys and failure are."""

    source: str = ""  # empty: nothing
    credentials: costmark.Credentials | None = None
    account: str = ""
    failure: str = ""

    @property
    def keys(self) -> tuple[tuple[str, str], ...] | None:
        """The id, the secret and the token, by what they sign."""
        if self.credentials is None:
            return None
        signed = costmark.sign(
            "POST",
            "https://bedrock-mantle.us-east-1.api.aws/v1/responses",
            {},
            b"{}",
            credentials=self.credentials,
            region="us-east-1",
            service="bedrock-mantle",
            time=1_700_000_000,
        )
        return tuple(sorted(signed.items()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        mine, theirs = ((o.source, o.account, o.keys, o.failure) for o in (self, other))
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def proof(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """Everything that must be equal."""
        assert self.keys is not None
        return self.source, self.account, self.keys


def ask_session(sources: Mapping[str, str], profile: str | None = None) -> Outcome:
    """What botocore finds in the environment of this moment; `sources` are its names of them."""
    try:
        session = botocore.session.Session(profile=profile)
        session.register_component("data_loader", LOADER)
        found = session.get_credentials()
        if found is None:
            return Outcome()
        frozen = found.get_frozen_credentials()
        # What cannot be used is not found: empty texts and line breaks.
        own = costmark.Credentials(frozen.access_key, frozen.secret_key, frozen.token)
    except Exception as error:  # noqa: BLE001 - also errors of the standard library get through
        return Outcome(failure=repr(error))
    return Outcome(sources[found.method], own, frozen.account_id or "")


def moment(seconds: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """The time that many seconds from now."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime(form)


def near(a: str, b: str) -> bool:
    """Whether two times are the same but for what passed between the two."""
    times = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (a, b)]
    return abs((times[0] - times[1]).total_seconds()) <= SECONDS_OF_GRACE


def explained(report: Mapping[str, Any], source: str, account: str) -> Outcome:
    """What costmark found, which must be of this source and account."""
    found = report["credentials"]
    if found is None:
        return Outcome(failure=report["asked"][-1][1])
    assert (found.source, found.account_id) == (source, account)
    return Outcome(source, found, account)
