"""The command line of the emulator."""

from __future__ import annotations

import argparse
import configparser
import ipaddress
import os
import re
import sys
from typing import TYPE_CHECKING

from .arguments import add_arguments
from .settings import (
    EXAMPLE_BEARER_TOKEN,
    EXAMPLE_CREDENTIALS,
    Credentials,
    Settings,
    credentials_from_environment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .policy.document import Statement

_MAX_BACKGROUND_S = 86_400


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


def _credentials(options: argparse.Namespace) -> list[Credentials]:
    """The credentials that the options name."""
    found = []
    for parts in options.credentials:
        if "secret_access_key" not in parts:
            options.refuse(f"--access-key-id {parts['access_key_id']} has no --secret-access-key")
        found.append(Credentials(**parts))
    path = options.credentials_file
    if path:
        try:
            found += read_credentials_file(path)
        except OSError as error:
            options.refuse(f"--credentials-file: {error}")
        except (configparser.Error, UnicodeDecodeError):
            # The parser's own message quotes the line, which may hold a secret.
            options.refuse(f"--credentials-file: {path} is not in INI format")
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


def _projects(options: argparse.Namespace) -> tuple[tuple[str, dict[str, str]], ...]:
    if not options.project:
        return ()
    from .state.projects import check_tags
    from .wire.errors import ApiError

    def read(text: str) -> tuple[str, dict[str, str]]:
        try:
            project_id, tags = read_project(text)
            return project_id, check_tags(tags, "tags")
        except (ValueError, ApiError) as error:
            options.refuse(f"--project {text}: {error}")
            raise

    return tuple(map(read, options.project))


def _policy(options: argparse.Namespace) -> tuple[Statement, ...] | None:
    """The statements of all policies; None where there is no policy."""
    if not options.policy:
        return None
    from .policy.document import read_policy

    def read(path: str) -> tuple[Statement, ...]:
        try:
            with open(path, encoding="utf-8") as file:
                return read_policy(file.read())
        except (OSError, ValueError) as error:
            options.refuse(f"--policy {path}: {getattr(error, 'strerror', None) or error}")
            raise

    return tuple(statement for path in options.policy for statement in read(path))


def _check(options: argparse.Namespace) -> None:
    """End with a message when an option alone is wrong."""
    if not is_loopback(options.host) and not options.allow_remote:
        options.refuse(
            f"--host {options.host} can be reached from elsewhere, and the emulator's records are"
            " open to everyone who can reach it; add --allow-remote if that is wanted"
        )
    if not 0 <= options.port <= 65535:
        options.refuse(f"--port {options.port}: expected 0 to 65535")
    for name, account in (
        ("--account", options.account),
        *(("--linked-account", each) for each in options.linked_account),
    ):
        if not (account.isascii() and account.isdigit() and len(account) == 12):
            options.refuse(f"{name} {account}: expected 12 digits")
    if not 0 <= options.background_s <= _MAX_BACKGROUND_S:
        options.refuse(f"--background-s {options.background_s}: expected 0 to {_MAX_BACKGROUND_S}")


def settings_from(options: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """The settings; ends the program with a message when the options are wrong."""
    _check(options)
    own = credentials_from_environment(environ)
    own_bearer = environ.get("AWS_BEARER_TOKEN_BEDROCK", "").strip()
    secrets = [own_bearer, (own.session_token or "") if own is not None else ""]
    bearer_tokens = (EXAMPLE_BEARER_TOKEN, *options.bearer_token, own_bearer)
    return Settings(
        host=options.host,
        allow_remote=options.allow_remote,
        show_prompts=options.show_prompts,
        region=options.region,
        account=options.account,
        linked_accounts=tuple(options.linked_account),
        services=tuple(options.service or Settings.services),
        credentials=(
            *EXAMPLE_CREDENTIALS,
            *_credentials(options),
            *([own] if own is not None else []),
        ),
        bearer_tokens=tuple(filter(None, bearer_tokens)),
        private=frozenset(filter(None, secrets)),
        max_clock_skew_s=options.max_clock_skew_s,
        background_s=options.background_s,
        clock_offset_s=options.clock_offset_s,
        strict_body=options.strict_body,
        strict_routes=options.strict_routes,
        lenient=options.lenient,
        anonymous=options.anonymous,
        policy=_policy(options),
        runtime_projects=options.runtime_projects,
        max_projects=options.max_projects,
        separate_planes=options.planes == "separate",
        list_lag_s=options.list_lag_s,
        creation_step_s=max(1, options.creation_step_s),
        projects=_projects(options),
        hourly=options.hourly,
        exports=options.exports,
        seed=options.seed,
    )


def run(options: argparse.Namespace) -> int:
    """Run the emulator until it is told to end; the exit status."""
    try:
        settings = settings_from(options, os.environ)
        from .server import serve
    except ModuleNotFoundError as error:
        _complain(f"{error.name} is not installed; pip install 'costmark[emulator]'")
        return 2
    try:
        serve(settings, options.host, options.port, options.tls)
    except ModuleNotFoundError as error:
        _complain(f"--tls needs {error.name}; pip install 'costmark[emulator]'")
        return 2
    except OSError as error:
        what = f"listen on {options.host}:{options.port}"
        if error.filename is not None:
            what = f"write {error.filename}"
        _complain(f"cannot {what}: {error.strerror}")
        return 1
    return 0


def _complain(message: str) -> None:
    print(f"costmark emulator: {message}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator as a program of its own; the exit status."""
    parser = argparse.ArgumentParser(prog="costmark emulator")
    add_arguments(parser)
    return run(parser.parse_args(argv))
