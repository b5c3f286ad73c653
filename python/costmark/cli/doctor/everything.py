"""``costmark doctor`` without a subject: all checks, and what is missing in one list."""

from __future__ import annotations

import argparse
import os

from ... import _core
from ...errors import Error
from ..output import print_row
from . import attribution, credentials, route


def run(_: argparse.Namespace) -> int:
    """Print every check and a list of what to do; return the exit status."""
    wrong = [_configuration(), _credentials(), _route()]
    # With a bad configuration, or without keys, the endpoint would only say the same again.
    wrong.append(_attribution() if not any(wrong) else "")
    to_do = [each for each in wrong if each]
    print("\nto do:" if to_do else "\nnothing is missing")
    for each in to_do:
        print(f"  {each}")
    return 1 if to_do else 0


def _configuration() -> str:
    print("configuration")
    print_row("version", _core.version)
    for warning in _core.unknown_variables():
        print_row("warning", warning.removeprefix("costmark: "))
    wrong = ""
    try:
        _core.Client({})
    except Error as error:
        wrong = str(error)
    name = next((n for n in ("COSTMARK_PROJECT", "OPENAI_PROJECT_ID") if os.environ.get(n)), None)
    if name is None:
        wrong = wrong or "name a project in COSTMARK_PROJECT: calls that name none are unattributed"
    print_row("project", "none" if name is None else f"{os.environ[name]} ({name})")
    print_row("base url", attribution.base_url(None) or "that of the region's bedrock-mantle host")
    return wrong


def _credentials() -> str:
    print("\ncredentials")
    usable, region = credentials.show(None)
    missing = []
    if not usable and attribution.key_of_environment():
        print_row("note", "a bearer token or OPENAI_API_KEY is sent instead of a signature")
    elif not usable:
        missing.append("AWS credentials, or a bearer token (docs/credentials.md)")
    if not region and not attribution.base_url(None):
        missing.append("a region (AWS_REGION)")
    return f"give costmark {' and '.join(missing)}" if missing else ""


def _route() -> str:
    model = os.environ.get("COSTMARK_VERIFY_MODEL")
    if not model:
        return ""
    print("\nroute")
    route.run(argparse.Namespace(model=model, path=None, region=None))
    return ""


def _attribution() -> str:
    print("\nattribution")
    names = ("project", "model", "base_url", "api", "region")
    arguments = argparse.Namespace(**dict.fromkeys(names), option=[], json=False)
    return "" if attribution.run(arguments) == 0 else "see above why the project is not proven"
