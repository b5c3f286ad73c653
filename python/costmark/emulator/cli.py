"""The command line of the emulator."""

from __future__ import annotations

import argparse
import configparser
import ipaddress
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from .settings import (
    EXAMPLE_BEARER_TOKEN,
    EXAMPLE_CREDENTIALS,
    Credentials,
    Settings,
    credentials_from_environment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EPILOG = f"""\
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

The first line on standard output is `listening on http://HOST:PORT`; everything
else goes to standard error. The emulator's own endpoints need no authorisation:
  GET, DELETE        /_emulator/usage      one record per inference request
  GET, DELETE        /_emulator/requests   the last requests as they came
  GET, POST, DELETE  /_emulator/faults     faults for the next inference requests
  GET, DELETE        /_emulator/authorizations
                                           how many requests were accepted and refused
  GET, POST          /_emulator/credentials?life_s=3600
                                           new temporary credentials, in the form of a
                                           credential_process and of a container's endpoint
  POST               /_emulator/reset      forget all of these, and the cached prompts
                                           and responses; the projects stay
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="costmark emulator",
        description="A local Bedrock for development and tests.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(credentials=[])
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port; 0 takes a free one (default: %(default)s)")
    add("--allow-remote", action="store_true", help="permit a --host that is not loopback")
    add("--region", default="us-east-1", help="region of the endpoint (default: %(default)s)")
    add("--account", default="111122223333", help="account of the ARNs (default: %(default)s)")
    add(
        "--service",
        action="append",
        help="service name of signatures, repeatable (default: bedrock-mantle)",
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
    add(
        "--max-clock-skew-s",
        type=float,
        default=300.0,
        help="how far a signature's time may be off (default: %(default)s)",
    )
    add(
        "--clock-offset-s",
        type=float,
        default=0.0,
        help="how far the emulator's clock is ahead of the machine's (default: %(default)s)",
    )
    add(
        "--strict-body",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse unknown members of request bodies",
    )
    add(
        "--strict-routes",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="serve a model on its own route only",
    )
    add("--anonymous", action="store_true", help="accept requests without authorisation")
    add(
        "--max-projects", type=int, default=1000, help="projects per account (default: %(default)s)"
    )
    add(
        "--project",
        action="append",
        default=[],
        metavar="ID[:KEY=VALUE,...]",
        help="start with this project and its tags, repeatable",
    )
    add("--seed", type=int, help="make identifiers the same on every run")
    return parser


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_credentials_file(path: str) -> list[Credentials]:
    """The credentials of every profile of a file in the AWS format."""
    reader = configparser.RawConfigParser()
    with open(path, encoding="utf-8") as file:
        reader.read_file(file)
    found = []
    for name in reader.sections():
        access_key_id = reader.get(name, "aws_access_key_id", fallback="")
        secret_access_key = reader.get(name, "aws_secret_access_key", fallback="")
        token = reader.get(name, "aws_session_token", fallback="") or None
        if access_key_id and secret_access_key:
            found.append(Credentials(access_key_id, secret_access_key, token))
    return found


def _credentials(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Credentials]:
    found = []
    for parts in options.credentials:
        if "secret_access_key" not in parts:
            parser.error(f"--access-key-id {parts['access_key_id']} has no --secret-access-key")
        found.append(Credentials(**parts))
    if options.credentials_file:
        try:
            found += read_credentials_file(options.credentials_file)
        except OSError as error:
            parser.error(f"--credentials-file: {error}")
        except (configparser.Error, UnicodeDecodeError):
            # The parser's own message quotes the line, which may hold a secret.
            parser.error(f"--credentials-file: {options.credentials_file} is not in INI format")
    return found


def read_project(text: str) -> tuple[str, dict[str, str]]:
    """The id and the tags of a `--project`; a ValueError says what is wrong."""
    project_id, _, tags = text.partition(":")
    if not re.fullmatch(r"proj_[A-Za-z0-9]{1,123}", project_id):
        raise ValueError("expected an id such as proj_5d5ykleja6cwpirysbb7")
    pairs = [pair.partition("=") for pair in tags.split(",") if pair]
    if not all(key and equals for key, equals, _ in pairs):
        raise ValueError("expected tags such as team=platform,env=prod")
    return project_id, {key: value for key, _, value in pairs}


def _projects(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> tuple[tuple[str, dict[str, str]], ...]:
    if not options.project:
        return ()
    from .errors import ApiError
    from .projects import check_tags

    def read(text: str) -> tuple[str, dict[str, str]]:
        try:
            project_id, tags = read_project(text)
            return project_id, check_tags(tags, "tags")
        except (ValueError, ApiError) as error:
            parser.error(f"--project {text}: {error}")

    return tuple(map(read, options.project))


def settings_from(argv: Sequence[str] | None, environ: Mapping[str, str]) -> tuple[Settings, Any]:
    """The settings and the parsed options; exits with a message when they are wrong."""
    parser = _parser()
    options = parser.parse_args(argv)
    if not is_loopback(options.host) and not options.allow_remote:
        parser.error(
            f"--host {options.host} can be reached from elsewhere, and the emulator's records are"
            " open to everyone who can reach it; add --allow-remote if that is wanted"
        )
    if not 0 <= options.port <= 65535:
        parser.error(f"--port {options.port}: expected 0 to 65535")
    if not (options.account.isascii() and options.account.isdigit() and len(options.account) == 12):
        parser.error(f"--account {options.account}: expected 12 digits")
    credentials = _credentials(parser, options)
    own = credentials_from_environment(environ)
    own_bearer = environ.get("AWS_BEARER_TOKEN_BEDROCK", "").strip()
    secrets = [own_bearer, (own.session_token or "") if own is not None else ""]
    settings = Settings(
        region=options.region,
        account=options.account,
        services=tuple(options.service or ("bedrock-mantle",)),
        credentials=(*EXAMPLE_CREDENTIALS, *credentials, *([own] if own is not None else [])),
        bearer_tokens=tuple(
            filter(None, (EXAMPLE_BEARER_TOKEN, *options.bearer_token, own_bearer))
        ),
        private=frozenset(filter(None, secrets)),
        max_clock_skew_s=options.max_clock_skew_s,
        clock_offset_s=options.clock_offset_s,
        strict_body=options.strict_body,
        strict_routes=options.strict_routes,
        anonymous=options.anonymous,
        max_projects=options.max_projects,
        projects=_projects(parser, options),
        seed=options.seed,
    )
    return settings, options


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator until it is told to end; the exit status."""
    try:
        settings, options = settings_from(argv, os.environ)
        from .server import serve
    except ModuleNotFoundError as error:
        print(
            f"costmark emulator: {error.name} is not installed; pip install 'costmark[emulator]'",
            file=sys.stderr,
        )
        return 2
    try:
        serve(settings, options.host, options.port)
    except OSError as error:
        print(
            f"costmark emulator: cannot listen on {options.host}:{options.port}: {error.strerror}",
            file=sys.stderr,
        )
        return 1
    return 0
