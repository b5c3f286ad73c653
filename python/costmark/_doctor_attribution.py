"""The command ``costmark doctor attribution``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import _core
from ._client.core_client import log
from ._verify import Probe, Verification, result_of
from .errors import ConfigurationError, Error

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_EXIT_STATUS = {"honoured": 0, "not_honoured": 1, "unknown": 2}


def attribution(arguments: argparse.Namespace) -> int:
    """Verify an endpoint, print what was found, and return the exit status."""
    try:
        found = _verify(arguments)
    except Error as error:
        print(f"costmark: {error}", file=sys.stderr)
        return _EXIT_STATUS["unknown"]
    if arguments.json:
        print(json.dumps(asdict(found), indent=2, default=lambda time: time.isoformat()))
    else:
        _show(found)
    return _EXIT_STATUS[found.verdict]


def _verify(arguments: argparse.Namespace) -> Verification:
    options = _options(arguments.option)
    given = {"base_url": arguments.base_url, "region": arguments.region}
    options.update({name: value for name, value in given.items() if value is not None})
    client = _core.Client(options, log=log)
    found: dict[str, Any] = client.verify(
        project=arguments.project, model=arguments.model, api=arguments.api
    )
    return result_of(found)


def _options(pairs: Sequence[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"--option takes NAME=VALUE, such as auth=sigv4, not '{name}'")
        options[name.strip()] = value
    return options


def _show(found: Verification) -> None:
    _row("verdict", found.verdict.replace("_", " "))
    _row("because", found.reason)
    _row("endpoint", found.endpoint)
    _row("carrier", found.carrier)
    _row("project", found.project)
    _row("model", found.model or "none was named")
    _row("checked", f"{found.checked_at:%Y-%m-%dT%H:%M:%SZ}")
    print("\nasked, in this order:")
    for probe in found.probes:
        print(f"  {probe.request} for project {probe.project}")
        print(f"    {_answer(probe)}")


def _row(name: str, value: str) -> None:
    print(f"{name:<15}{value}")


def _answer(probe: Probe) -> str:
    if probe.status is None:
        return probe.finding
    details = [f"request {probe.request_id}"] if probe.request_id else []
    if probe.input_tokens is not None or probe.output_tokens is not None:
        details.append(f"{probe.input_tokens or 0} tokens in, {probe.output_tokens or 0} out")
    code = f" {probe.code}" if probe.code else ""
    tail = f" ({', '.join(details)})" if details else ""
    return f"{probe.status}{code}: {probe.finding}{tail}"
