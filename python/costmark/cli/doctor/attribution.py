"""``costmark doctor attribution``."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ... import _core
from ..._client.core_client import log
from ..._verify import Probe, Verification, result_of
from ...errors import ConfigurationError, Error
from ...reports.formats import counted
from ..output import complain, print_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..output import Commands

_EXIT_STATUS = {"honored": 0, "not_honored": 1, "unknown": 2}


def add_to(subjects: Commands) -> None:
    """Add the subject."""
    parser = subjects.add_parser(
        "attribution",
        help="whether an endpoint reads the project that requests name",
        description="Asks an endpoint for a project that cannot exist, which it must refuse, and "
        "for the real one, which must pass; with --model that spends a few tokens of the project. "
        "OPENAI_BASE_URL and OPENAI_API_KEY count as they do for the SDK. "
        "Exit status 0: honored, 1: not honored, 2: unknown.",
    )
    _add_arguments(parser)
    parser.set_defaults(run=run)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", help="the project's id (default: that of the environment)")
    parser.add_argument(
        "--model",
        help="a model that the endpoint has; without one only the project itself is looked up",
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help="the endpoint, as its SDK takes it (default: COSTMARK_BASE_URL, OPENAI_BASE_URL, else "
        "the bedrock-mantle host of the region)",
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


def run(arguments: argparse.Namespace) -> int:
    """Verify an endpoint, print what was found, and return the exit status."""
    try:
        found = _verify(arguments)
    except Error as error:
        complain(str(error))
        return _EXIT_STATUS["unknown"]
    if arguments.json:
        print(json.dumps(asdict(found), indent=2, default=lambda time: time.isoformat()))
    else:
        _show(found)
    return _EXIT_STATUS[found.verdict]


def _verify(arguments: argparse.Namespace) -> Verification:
    options = _options(arguments.option)
    given = {
        "base_url": base_url(arguments.base_url or options.get("base_url")),
        "region": arguments.region,
    }
    options.update({name: value for name, value in given.items() if value})
    key = authorize(options)
    client = _core.Client(options, log=log, host_api_key=key)
    found: dict[str, Any] = client.verify(
        project=arguments.project, model=arguments.model, api=arguments.api
    )
    return result_of(found)


def probed(project: str) -> Verification:
    """What a probe of the endpoint of the environment shows. Raises Error."""
    names = ("model", "base_url", "api", "region")
    return _verify(argparse.Namespace(**dict.fromkeys(names), project=project, option=[]))


def base_url(given: str | None) -> str:
    """Return the endpoint that an SDK's client would have; empty for Bedrock's own."""
    names = ("COSTMARK_BASE_URL", "OPENAI_BASE_URL")
    return given or next((value for name in names if (value := os.environ.get(name))), "")


def key_of_environment() -> str:
    """Return what authorizes an SDK's client without AWS credentials; empty without a key."""
    names = ("COSTMARK_BEARER_TOKEN", "OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK")
    return next((value for name in names if (value := os.environ.get(name))), "")


def authorize(options: dict[str, str]) -> str:
    """Let the SDK's key authorize as it does in a call; return the one for Bedrock's own hosts."""
    key = os.environ.get("OPENAI_API_KEY", "")
    host = urlsplit(options.get("base_url", "")).hostname
    decided = any(
        options.get(name) or os.environ.get(f"COSTMARK_{name.upper()}")
        for name in ("auth", "bearer_token")
    )
    if key and host and not _core.is_bedrock_host(host) and not decided:
        options.update(auth="bearer", bearer_token=key)
    return key


def _options(pairs: Sequence[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"--option takes NAME=VALUE, such as auth=sigv4, not '{name}'")
        options[name.strip()] = value
    return options


def _show(found: Verification) -> None:
    print_row("verdict", found.verdict.replace("_", " "))
    print_row("because", found.reason)
    print_row("endpoint", found.endpoint)
    print_row("carrier", found.carrier)
    print_row("project", found.project)
    print_row("model", found.model or "none was named")
    print_row("checked", f"{found.checked_at:%Y-%m-%dT%H:%M:%SZ}")
    print("\nasked, in this order:")
    for probe in found.probes:
        print(f"  {probe.request} for project {probe.project}")
        print(f"    {_answer(probe)}")


def _answer(probe: Probe) -> str:
    if probe.status is None:
        return probe.finding
    details = [f"request {probe.request_id}"] if probe.request_id else []
    if probe.input_tokens is not None or probe.output_tokens is not None:
        details.append(
            f"{counted(probe.input_tokens or 0, 'token')} in, {probe.output_tokens or 0} out"
        )
    code = f" {probe.code}" if probe.code else ""
    tail = f" ({', '.join(details)})" if details else ""
    return f"{probe.status}{code}: {probe.finding}{tail}"
