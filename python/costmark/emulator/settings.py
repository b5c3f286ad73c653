"""What an emulator is told when it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .policy.document import Statement


@dataclass(frozen=True)
class Credentials:
    """AWS credentials that the emulator accepts."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


# Published examples of the AWS documentation; they open nothing anywhere.
EXAMPLE_CREDENTIALS = (
    Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    Credentials(
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "example-session-token",
    ),
)
RUNTIME_PROJECTS = ("ignored", "authorized")
EXAMPLE_BEARER_TOKEN = "ABSKEXAMPLE"  # noqa: S105


@dataclass(frozen=True)
class Settings:
    """The emulator's configuration; the defaults suit tests."""

    host: str = "127.0.0.1"  # as it listens
    allow_remote: bool = False
    region: str = "us-east-1"
    account: str = "111122223333"
    linked_accounts: tuple[str, ...] = ()  # those that `account` pays for
    partition: str = "aws"
    services: tuple[str, ...] = ("bedrock-mantle",)
    credentials: tuple[Credentials, ...] = EXAMPLE_CREDENTIALS
    bearer_tokens: tuple[str, ...] = field(default=(EXAMPLE_BEARER_TOKEN,), repr=False)
    # Secrets that came from the process's environment: never shown by /_emulator/requests.
    private: frozenset[str] = field(default=frozenset(), repr=False)
    max_clock_skew_s: float = 300.0
    background_s: float = 0.1  # from the creation of a background response to its end
    clock_offset_s: float = 0.0  # how far the emulator's clock is ahead of the machine's
    strict_body: bool = True
    strict_routes: bool = False
    lenient: bool = False  # reads requests as the most lenient server would
    anonymous: bool = False
    policy: tuple[Statement, ...] | None = None  # of every caller; None allows everything
    # Whether inference on the runtime needs a right on its project, which AWS does not say.
    runtime_projects: str = RUNTIME_PROJECTS[0]
    max_projects: int = 1000
    separate_planes: bool = False  # whether a project of one plane is unknown on the other
    list_lag_s: float = 0.0  # from the creation of a project to its place in the list
    creation_step_s: int = 1  # creation times are multiples of it, so that some are equal
    projects: tuple[tuple[str, dict[str, str]], ...] = ()  # those to start with: id and tags
    keep_requests: int = 1000
    show_prompts: bool = False  # whether /_emulator/requests shows bodies
    max_body_bytes: int = 256 * 1024 * 1024
    hourly: bool = False  # whether Cost Explorer was told to keep hours
    exports: str | None = None  # the folder that stands in for the buckets of Data Exports
    seed: int | None = None

    def now(self) -> float:
        """The emulator's time: what signatures are checked against, and answers dated with."""
        return time.time() + self.clock_offset_s

    def arn(self, project_id: str, *, service: str = "bedrock-mantle") -> str:
        """The ARN of a project of this account and region, on the plane of this service."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:project/{project_id}"


def credentials_from_environment(environ: Mapping[str, str]) -> Credentials | None:
    """The credentials that the environment names, if it names a whole pair."""
    access_key_id = environ.get("AWS_ACCESS_KEY_ID", "").strip()
    secret_access_key = environ.get("AWS_SECRET_ACCESS_KEY", "").strip()
    if not access_key_id or not secret_access_key:
        return None
    token = environ.get("AWS_SESSION_TOKEN", "").strip() or None
    return Credentials(access_key_id, secret_access_key, token)
