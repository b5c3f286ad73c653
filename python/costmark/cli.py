"""The command ``costmark``."""

from __future__ import annotations

import argparse
import sys
import textwrap
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from . import _core
from .errors import Error

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["emulator"]:  # has options, and dependencies, of its own
        from .emulator import main as emulator

        return emulator(arguments[1:])
    parser = _parser()
    namespace = parser.parse_args(arguments)
    try:
        if namespace.command == "options":
            print(option_table())
        elif namespace.command == "doctor" and namespace.subject == "route":
            return _explain_route(namespace.model, namespace.path, namespace.region)
        elif namespace.command == "doctor" and namespace.subject == "attribution":
            from . import _doctor_attribution

            return _doctor_attribution.attribution(namespace)
        elif namespace.command == "doctor":
            from . import _doctor

            return _doctor.credentials(namespace.profile)
        elif namespace.command == "token":
            return print_token(namespace.region, namespace.expires_in)
        elif namespace.command == "version":
            print(f"costmark {_core.version}")
        else:
            parser.print_help()
            return 2
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="costmark",
        description="Marks every Amazon Bedrock call with the project that pays for it.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    doctor = commands.add_parser("doctor", help="explain what costmark finds, and what it does not")
    subjects = doctor.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    credentials = subjects.add_parser(
        "credentials",
        help="which AWS credentials requests are signed with, and why",
        description="Prints which source of AWS credentials wins, whose they are, when they "
        "expire, and what was asked before; never a secret. Exit status 1 when there are none.",
    )
    credentials.add_argument(
        "--profile", help="profile of the shared files (default: that of the environment)"
    )
    route = subjects.add_parser(
        "route",
        help="on which path of a mantle host a model is served, and who says so",
        description="Prints the path that serves a model, the base_url to use, which line of which "
        "file says so, and what is not known. Exit status 1 when the path is not known or not the "
        "right one. Without MODEL, prints the routes that ship with costmark, which is the form of "
        "a file for option 'routes'. Nothing is sent.",
    )
    route.add_argument("model", nargs="?", metavar="MODEL", help="such as openai.gpt-oss-120b")
    route.add_argument("--path", help="also say whether this path, or base URL, is right for it")
    route.add_argument("--region", help="region of the base_url (default: that of the environment)")
    attribution = subjects.add_parser(
        "attribution",
        help="whether an endpoint reads the project that requests name",
        description="Asks an endpoint for a project that cannot exist, which it must refuse, and "
        "for the real one, which must pass; with --model that spends a few tokens of the project. "
        "Exit status 0: honoured, 1: not honoured, 2: unknown.",
    )
    _add_attribution_arguments(attribution)
    commands.add_parser("emulator", help="run a local Bedrock for development and tests")
    commands.add_parser("options", help="print the table of options")
    token = commands.add_parser(
        "token",
        help="print a short-term Bedrock API key",
        description="Makes a short-term Bedrock API key out of the AWS credentials that `costmark "
        "doctor credentials` shows, and prints it. Nothing is sent.",
    )
    token.add_argument(
        "--region",
        help="where it is good (default: the region of the environment, then of the profile)",
    )
    token.add_argument(
        "--expires-in",
        type=int,
        default=43200,
        metavar="SECONDS",
        help="how long it is good, at most %(default)s, and never longer than the credentials "
        "(default: %(default)s)",
    )
    commands.add_parser("version", help="print the version")
    return parser


def _add_attribution_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", help="the project's id (default: that of the environment)")
    parser.add_argument(
        "--model",
        help="a model that the endpoint has; without one only the project itself is looked up",
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help="the endpoint, as its SDK takes it (default: COSTMARK_BASE_URL, else the "
        "bedrock-mantle host of the region)",
    )
    parser.add_argument(
        "--api",
        choices=("chat_completions", "responses", "messages", "embeddings"),
        help="the API to ask (default: goes by the URL and the model)",
    )
    parser.add_argument("--region", help="AWS region (default: as for calls)")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other option of `costmark options`, such as auth=sigv4",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _explain_route(model: str | None, path: str | None, region: str | None) -> int:
    from . import _doctor_route

    try:
        return _doctor_route.route(model, path, region)
    except Error as error:
        _warn(str(error))
        return 1


def print_token(region: str | None, expires_in: int) -> int:
    """Print a token alone, so that ``$(costmark token)`` is one; warn who sees it on a screen."""
    try:
        tokens = _core.BearerTokens(region, expires_in, None, _warn)
        token, expires_at = tokens.get()
    except Error as error:
        _warn(str(error))
        return 1
    if sys.stdout.isatty():
        end = datetime.fromtimestamp(expires_at, timezone.utc)
        _warn(f"until {end:%Y-%m-%dT%H:%M:%SZ} whoever has this token calls Bedrock as you")
    print(token)
    return 0


def _warn(message: str) -> None:
    print(f"costmark: {message}", file=sys.stderr)


def option_table() -> str:
    """Return every option with what it takes, its default, and what it is for."""
    return "\n\n".join(
        f"{option['name']}  ({_kind(option)}; COSTMARK_{option['name'].upper()})\n"
        + textwrap.fill(option["description"], 96, initial_indent="    ", subsequent_indent="    ")
        for option in _core.options()
    )


def _kind(option: _core._Option) -> str:
    default = f", default {option['default']}" if option["default"] else ""
    if option["type"] == "integer":
        return f"{option['minimum']} to {option['maximum']}{default}"
    choices = option["choices"].replace("|", ", ")
    if option["type"] == "list":
        return f"list{' of ' + choices if choices else ''}{default}"
    return f"{choices or option['type']}{default}"


if __name__ == "__main__":
    sys.exit(main())
