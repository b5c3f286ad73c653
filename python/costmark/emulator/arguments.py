"""The emulator's options on the command line."""

from __future__ import annotations

import argparse
from typing import Any

from .settings import EXAMPLE_BEARER_TOKEN, EXAMPLE_CREDENTIALS, RUNTIME_PROJECTS, Settings

DESCRIPTION = "A local Bedrock for development and tests."
EPILOG = f"""\
Accepted by default, besides what the options name:
  access key      {EXAMPLE_CREDENTIALS[0].access_key_id}
  secret key      {EXAMPLE_CREDENTIALS[0].secret_access_key}
  access key      {EXAMPLE_CREDENTIALS[1].access_key_id}
  secret key      {EXAMPLE_CREDENTIALS[1].secret_access_key}
  access key      {EXAMPLE_CREDENTIALS[2].access_key_id}
  secret key      {EXAMPLE_CREDENTIALS[2].secret_access_key}
  session token   {EXAMPLE_CREDENTIALS[2].session_token}
  bearer token    {EXAMPLE_BEARER_TOKEN}
and what AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and
AWS_BEARER_TOKEN_BEDROCK hold in the emulator's own environment.

The first line on standard output is `listening on http://HOST:PORT`, https with
--tls; everything
else goes to standard error, wrong paths too. The emulator's own endpoints need no
authorization, but a Host that is loopback's and no Origin of elsewhere; writes are JSON:
  GET, DELETE        /_emulator/usage      one record per inference request
  GET, DELETE        /_emulator/requests   the last requests as they came, without their
                                           bodies unless --show-prompts is given
  GET, POST, DELETE  /_emulator/faults     faults for the next inference requests
  GET, DELETE        /_emulator/authorizations
                                           how many requests were accepted and refused
  GET, POST          /_emulator/credentials?life_s=3600
                                           new temporary credentials, in the form of a
                                           credential_process and of a container's endpoint
  GET, POST          /_emulator/clock      the time; {{"forward_s": 86400}} moves it forward, for
                                           all but signatures and credentials
  POST               /_emulator/exports    write every data export anew, as AWS does a few times
                                           a day
  POST               /_emulator/charges    add a line to the bill: {{"record_type": "Credit", "usd":
                                           "-1.50", "day": "2026-11-30", "model": ...}}, with
                                           "account" and "tags"; Refund, Tax, Fee and others as well
  POST               /_emulator/reset      forget all of these, the cached prompts, responses
                                           and activated tags; the projects stay

POST / serves Cost Explorer (with cost allocation tags), CloudWatch, the Price List, and
Data Exports (CreateExport: CUR 2.0 and FOCUS, written below --exports) as boto3 and the
AWS CLI ask them with this endpoint URL: what the usage records cost, a day later.

A fault is an object: "kind", "count" of requests (1), and what they must match
("api", "model", "project", "access_key_id"). The kinds, with their own members:
  status            answer with an error: "status" (500), "code", "message", "headers",
                    "retry_after"
  expired_token     answer that the credentials have expired
  drop, reset       end the connection without an answer, in order or with a reset
  drop_stream       end a stream after a number of events: "after_events" (0)
  stream_exception  end a stream of bedrock-runtime with an exception: "after_events", "code",
                    "message"
  broken_frame      spoil the checksum of a frame there: "after_events"
  slow              wait "delay_s" before the answer, or before each event of a stream
  slow_background   let a background response take "delay_s"
  fail_background   let a background response fail
  repeat_page       name the same next page again, in an answer of Cost Explorer or in the list
                    of projects
Billing's requests and those of the Projects API are waited for by a fault whose "api" is their
operation: GetCostAndUsage, ListProjects, UntagResource.
"""

_CREDENTIAL_PARTS = {
    "access_key_id": "accept this access key, repeatable",
    "secret_access_key": "the secret of the access key before it",
    "session_token": "the session token of the access key before it, if it has one",
}


class _CredentialPart(argparse.Action):
    """Collects `--access-key-id` and what follows it into one set of credentials each."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        sets: list[dict[str, str]] = namespace.credentials
        if self.const == "access_key_id":
            sets.append({})
        if not sets or self.const in sets[-1]:
            parser.error(f"{option_string} must follow an --access-key-id of its own")
        sets[-1][self.const] = values


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add every option, and the help, to a parser of its own or to that of a command."""
    parser.description = DESCRIPTION
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    # `refuse` ends the program with a message beside the usage of this parser.
    parser.set_defaults(credentials=[], refuse=parser.error)
    _add_address(parser)
    _add_credentials(parser)
    _add_clock(parser)
    _add_strictness(parser)
    _add_policy(parser)
    _add_projects(parser)


def _add_address(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port; 0 takes a free one (default: %(default)s)")
    add(
        "--tls",
        metavar="FILE",
        help="serve https, with a certificate of a new authority for this run, whose own "
        "certificate is written to FILE: clients take it as AWS_CA_BUNDLE. Needs cryptography",
    )
    add("--allow-remote", action="store_true", help="permit a --host that is not loopback")
    add(
        "--show-prompts",
        action="store_true",
        help="show the bodies of requests in /_emulator/requests; they hold what was asked",
    )
    add("--region", default=Settings.region, help="region of the endpoint (default: %(default)s)")
    add(
        "--account",
        default=Settings.account,
        help="account of the ARNs, which pays the bill (default: %(default)s)",
    )
    add(
        "--linked-account",
        action="append",
        default=[],
        metavar="ACCOUNT",
        help="one that --account pays for, repeatable: who assumes a role of it calls as that"
        " account, sees its own lines of the bill, and may not manage tags; the projects are those"
        " of --account",
    )
    add(
        "--hourly",
        action="store_true",
        help="have Cost Explorer opted in to hours, of the last 14 days",
    )


def _add_credentials(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--service",
        action="append",
        help="service name of signatures, repeatable (default: bedrock-mantle); for Converse and "
        "InvokeModel it is always bedrock",
    )
    for name, text in _CREDENTIAL_PARTS.items():
        flag = "--" + name.replace("_", "-")
        add(flag, action=_CredentialPart, const=name, default=argparse.SUPPRESS, help=text)
    add(
        "--credentials-file",
        metavar="PATH",
        help="accept the credentials of every profile of this file",
    )
    add("--bearer-token", action="append", default=[], help="accept this token, repeatable")
    add("--anonymous", action="store_true", help="accept requests without authorization")


def _add_clock(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--max-clock-skew-s",
        type=float,
        default=Settings.max_clock_skew_s,
        help="how far a signature's time may be off (default: %(default)s)",
    )
    add(
        "--clock-offset-s",
        type=float,
        default=Settings.clock_offset_s,
        help="how far the emulator's clock is ahead of the machine's (default: %(default)s)",
    )
    add(
        "--background-s",
        type=float,
        default=Settings.background_s,
        help="how long a background response takes; the fault slow_background sets it for one"
        " (default: %(default)s)",
    )


def _add_strictness(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--strict-body",
        action=argparse.BooleanOptionalAction,
        default=Settings.strict_body,
        help="refuse unknown members of request bodies",
    )
    add(
        "--strict-routes",
        action=argparse.BooleanOptionalAction,
        default=Settings.strict_routes,
        help="serve a model on its own route only",
    )
    add(
        "--lenient",
        action="store_true",
        help="read methods, paths and bodies as the most lenient server would, to find out whether"
        " another spelling is a way around attribution",
    )
    add("--seed", type=int, help="make identifiers the same on every run")


def _add_policy(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="allow every caller what this IAM policy allows, and nothing else; repeatable, as "
        "several policies of one user. Service control policies, boundaries and session policies "
        "are left out",
    )
    add(
        "--runtime-projects",
        choices=RUNTIME_PROJECTS,
        default=Settings.runtime_projects,
        help="under --policy, whether Converse and InvokeModel need a right on their project "
        "beside that on the model, which AWS does not say (default: %(default)s)",
    )


def _add_projects(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--max-projects",
        type=int,
        default=Settings.max_projects,
        help="projects per account (default: %(default)s)",
    )
    add(
        "--planes",
        choices=("shared", "separate"),
        default="shared",
        help="whether bedrock-mantle and the bedrock control plane have the same projects, which is"
        " not known of AWS (default: %(default)s)",
    )
    add(
        "--list-lag-s",
        type=float,
        default=Settings.list_lag_s,
        help="how long a new project is missing from the list (default: %(default)s)",
    )
    add(
        "--creation-step-s",
        type=int,
        default=Settings.creation_step_s,
        help="make creation times multiples of this, so that some are equal (default: %(default)s)",
    )
    add(
        "--project",
        action="append",
        default=[],
        metavar="ID[:KEY=VALUE,...]",
        help="start with this project and its tags, repeatable",
    )
    add(
        "--exports",
        metavar="FOLDER",
        help="where Data Exports go; a bucket is a folder in it",
    )
