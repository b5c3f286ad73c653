"""``costmark doctor route``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ... import _core
from ..._routes import Route, route_of
from ..output import print_row

if TYPE_CHECKING:
    import argparse

    from ..output import Commands

# What stands in for a region that is not named.
_ANY_REGION = "us-east-1"
_OPERATIONS = ("/messages", "/responses", "/chat/completions", "/embeddings")


def add_to(subjects: Commands) -> None:
    """Add the subject."""
    parser = subjects.add_parser(
        "route",
        help="on which path of a mantle host a model is served, and who says so",
        description="Prints the path that serves a model, the base_url to use, which line of which "
        "file says so, and what is not known. Exit status 1 when the path is not known or not the "
        "right one. Without MODEL, prints the routes that ship with costmark, which is the form of "
        "a file for option 'routes'. Nothing is sent.",
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="such as openai.gpt-oss-120b")
    parser.add_argument("--path", help="also say whether this path, or base URL, is right for it")
    parser.add_argument(
        "--region", help="region of the base_url (default: that of the environment)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print where a model is served, and who says so; return the exit status."""
    model, path, region = arguments.model, arguments.path, arguments.region
    if model is None:
        print(_core.shipped_routes(), end="")
        return 0
    found = route_of(model)
    _row("model", model)
    _row("route", found.family)
    _row("says", _evidence(found))
    if found.known:
        _row("client", "Anthropic" if found.family.startswith("/anthropic") else "OpenAI")
        _row("base_url", _base_url(found, region))
    right = found.known
    if path is not None:
        full = _full_path(path)
        hint = _hint(model, full, region or _region_of_environment() or _ANY_REGION)
        right = found.known and full.startswith(f"{found.family}/")
        _row("path", hint or _verdict(found, path, right))
    _row("not known", _unknown(found))
    return 0 if right else 1


def _row(name: str, value: str) -> None:
    print_row(name, value, width=11)


def _evidence(found: Route) -> str:
    if not found.where:
        return "nothing: no line of the data matches this id"
    said = ", ".join(filter(None, (f"as of {found.as_of}" if found.as_of else "", found.source)))
    return f"{found.where}: {found.pattern} {found.family}" + (f" ({said})" if said else "")


def _base_url(found: Route, region: str | None) -> str:
    region = region or _region_of_environment()
    if region:
        return found.base_url(region)
    return found.base_url(_ANY_REGION).replace(_ANY_REGION, "REGION")


def _region_of_environment() -> str:
    names = ("COSTMARK_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
    return next((value for name in names if (value := os.environ.get(name))), "")


def _full_path(path: str) -> str:
    """Return the path of a request, given that path, a base URL or the path of one."""
    path = "/" + urlsplit(path).path.strip("/")
    if path.endswith(_OPERATIONS):
        return path
    if path.endswith("/anthropic"):
        path += "/v1"
    return path + ("/messages" if path.endswith("/anthropic/v1") else "/responses")


def _hint(model: str, path: str, region: str) -> str | None:
    """Return what a client would be told about a request to this path."""
    options = {"auth": "none", "unattributed": "allow", "route": "keep"}
    options["routes"] = os.environ.get("COSTMARK_ROUTES", "")
    client = _core.Client(options, environment={})
    url = f"https://bedrock-mantle.{region}.api.aws{path}"
    headers = [("content-type", "application/json")]
    return client.prepare("POST", url, headers, json.dumps({"model": model}).encode()).hint


def _verdict(found: Route, path: str, right: bool) -> str:
    if right:
        return f"{path} is right"
    if found.known:
        return f"{path} is no path of a mantle host that serves models"
    return f"whether {path} is right is not known"


def _unknown(found: Route) -> str:
    if found.known:
        return "in which Regions, and to which of the APIs below that path: see the model's card"
    if found.family == "none":
        return "whether a bedrock-runtime host serves it: see the model's card"
    return "the path: see the model's card, and name it in a file for option 'routes'"
