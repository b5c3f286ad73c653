"""Asking AWS about the bill: as whom, and what to do where the rights are missing."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, CredentialsError, ServiceError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GLOBAL_REGION = "us-east-1"

_ROLE = re.compile(
    r"arn:[a-z-]+:(?:sts|iam)::\d+:(?:assumed-role|role)/(?:.*/)?([^/]+?)(?:/[^/]*)?"
)
_USER = re.compile(r"arn:[a-z-]+:iam::\d+:user/(?:.*/)?([^/]+)")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
# Whatever its policies say: "Linked account doesn't have access to cost allocation tags."
_LINKED = "linked account"
_THROTTLED = ("Throttling", "ThrottlingException", "LimitExceededException")
_UNSIGNED = (
    *("UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"),
    *("InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken"),
)
_WRONG_CLOCK = ("Signature expired", "Signature not yet current")
_CLOCK = "this machine's clock is wrong (`costmark doctor` says by how much)"


def add_identity(group: argparse._ArgumentGroup, *, with_view: bool) -> None:
    """Add the options that say as whom the bill is asked for; ``with_view``: for cost reads."""
    group.add_argument(
        "--billing-profile",
        metavar="NAME",
        help="the profile of the payer (default: the credentials that boto3 finds)",
    )
    group.add_argument(
        "--billing-role-arn", metavar="ARN", help="a role of the payer's to assume first"
    )
    if with_view:
        group.add_argument(
            "--billing-view-arn",
            metavar="ARN",
            help="a billing view that the payer shares, in place of the whole bill",
        )
    else:
        group.add_argument("--billing-view-arn", type=_no_view, help=argparse.SUPPRESS)
    group.add_argument("--endpoint-url", help="where AWS is asked")


def _no_view(_: str) -> str:
    raise argparse.ArgumentTypeError(
        "a billing view serves costs, and no tags; --billing-profile or --billing-role-arn names "
        "the payer"
    )


@dataclass(frozen=True)
class Identity:
    """As whom AWS is asked about the bill."""

    profile: str | None = None
    role_arn: str | None = None
    view_arn: str | None = None
    endpoint_url: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Identity:
        """What the options of a command say."""
        return cls(
            arguments.billing_profile,
            arguments.billing_role_arn,
            getattr(arguments, "billing_view_arn", None),
            arguments.endpoint_url,
        )

    @property
    def view(self) -> dict[str, str]:
        """The member of requests that names the view."""
        return {} if self.view_arn is None else {"BillingViewArn": self.view_arn}

    @cached_property
    def session(self) -> Any:
        """A session of boto3's, with the role's credentials where one is named."""
        boto3 = _boto3()
        session = boto3.Session(profile_name=self.profile)
        if self.role_arn is None:
            return session
        given = self._assumed(session)["Credentials"]
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    def _assumed(self, session: Any) -> Any:
        from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore]
            ClientError,
        )

        sts = self._client(session, "sts")
        try:
            return sts.assume_role(RoleArn=self.role_arn, RoleSessionName="costmark")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _DENIED:
                raise
            asks = replace(self, role_arn=None)
            text = grant(asks, "costmark-assume", "sts:AssumeRole", resource=str(self.role_arn))
            trust = "The trust policy of the role has to name it as well."
            raise ServiceError(f"AWS STS: {error}\n\n{text}\n\n{trust}") from error

    def client(self, service: str) -> Any:
        """A client of a service of billing, all of which are in one Region."""
        return self._client(self.session, service)

    def caller(self) -> str:
        """The ARN of who asks. AWS charges nothing for it, and needs no rights."""
        arn: str = self._client(self.session, "sts").get_caller_identity()["Arn"]
        return arn

    def _client(self, session: Any, service: str) -> Any:
        return session.client(service, region_name=GLOBAL_REGION, endpoint_url=self.endpoint_url)


def _boto3() -> Any:
    try:
        import boto3  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise ConfigurationError("AWS is asked with boto3: pip install costmark[aws]") from None
    return boto3


@contextlib.contextmanager
def asking(
    service: str,
    remedy: Callable[[], str] | None = None,
    payer_remedy: Callable[[], str] | None = None,
) -> Iterator[None]:
    """boto3's errors as ours; ``remedy`` says what to do where the rights are missing.

    ``payer_remedy`` says it where no right helps, since another account pays.
    """
    _boto3()
    from botocore.exceptions import (  # type: ignore[import-untyped,unused-ignore]
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ProfileNotFound,
    )

    try:
        yield
    except ClientError as error:
        is_linked = _LINKED in str(error).lower() and payer_remedy is not None
        raise _translated(service, error, payer_remedy if is_linked else remedy) from error
    except (NoCredentialsError, ProfileNotFound) as error:
        raise CredentialsError(f"{service}: {error}") from error
    except BotoCoreError as error:
        raise TransportError(f"{service}: {error}", retryable=True) from error


def _translated(service: str, error: Any, remedy: Callable[[], str] | None) -> Exception:
    code = error.response.get("Error", {}).get("Code", "")
    meta = error.response.get("ResponseMetadata", {})
    seen = {"status": meta.get("HTTPStatusCode"), "request_id": meta.get("RequestId")}
    if code in _DENIED and remedy is not None:
        return ServiceError(f"{service}: {error}\n\n{remedy()}", **seen)
    if code in _UNSIGNED:
        hint = f"; {_CLOCK}" if any(words in str(error) for words in _WRONG_CLOCK) else ""
        return CredentialsError(f"{service}: {error}{hint}", code="unusable_credentials", **seen)
    if code in _THROTTLED:
        return ServiceError(f"{service}: {error}", code="throttled", retryable=True, **seen)
    return ServiceError(f"{service}: {error}", **seen)


def grant(identity: Identity, policy_name: str, *actions: str, resource: str = "*") -> str:
    """The command with which someone who may do so gives an identity these rights."""
    if identity.view_arn is not None:
        actions = (*actions, "billing:GetBillingViewData")
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = identity.role_arn or _caller_or_none(identity)
    kind, name = _principal(arn)
    command = [
        *("aws", "iam", f"put-{kind}-policy", f"--{kind}-name", name),
        *("--policy-name", policy_name, "--policy-document", document),
    ]
    who = arn or "the identity that asks"
    return f"{who} lacks rights. An administrator of its account can give them:\n\n  " + shell(
        command
    )


def _caller_or_none(identity: Identity) -> str | None:
    try:
        return identity.caller()
    except Exception:  # noqa: BLE001 - a refusal must be told whatever this says
        return None


def _principal(arn: str | None) -> tuple[str, str]:
    for kind, pattern in (("role", _ROLE), ("user", _USER)):
        match = pattern.fullmatch(arn or "")
        if match:
            return kind, match[1]
    return "role", "ROLE"


def shell(words: list[str]) -> str:
    """A command as one types it."""
    return shlex.join(words)
