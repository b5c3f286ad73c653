"""Which path of a mantle host serves a model."""

from __future__ import annotations

import os
from dataclasses import dataclass

from . import _core
from .errors import ConfigurationError


@dataclass(frozen=True)
class Route:
    """What is written down about one model.

    ``family`` is ``/v1``, ``/openai/v1`` or ``/anthropic/v1``; ``none`` when no path of a mantle
    host serves the model, ``unknown`` when it is not written down. ``where`` is the file
    and line that say so, ``source`` and ``as_of`` who says so and when; empty when nothing does.
    """

    model: str
    family: str
    pattern: str = ""
    as_of: str = ""
    source: str = ""
    where: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a path to send to."""
        return self.family.startswith("/")

    def base_url(self, region: str) -> str:
        """Return the ``base_url`` for a client of the model's SDK in that AWS region.

        Raises `ConfigurationError` when there is none, or when the region cannot be one.
        """
        host = f"bedrock-mantle.{region}.api.aws"
        if not _core.is_bedrock_host(host):
            raise ConfigurationError(f"{region!r} is not spelled like an AWS region")
        if not self.known:
            raise ConfigurationError(f"no path of a mantle host is known to serve {self.model!r}")
        # The Anthropic SDK adds the /v1 itself.
        return f"https://{host}" + self.family.replace("/anthropic/v1", "/anthropic")


def route_of(model: str, routes: str | os.PathLike[str] | None = None) -> Route:
    """Return on which path of a mantle host a model is served, and who says so.

    `routes` is a file of routes that are asked before those that ship with costmark, by default the
    one that ``COSTMARK_ROUTES`` names. Nothing is sent.

    Raises `ConfigurationError` with file and line when that file cannot be used.
    """
    file = os.environ.get("COSTMARK_ROUTES", "") if routes is None else os.fspath(routes)
    found = _core.find_route(model, file)
    return Route(model, "unknown") if found is None else Route(model, **found)
