"""Which hosts are covered, and the core client for each of them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .. import _core
from .._client.botocore_clients import core_of_client
from .._client.core_client import CoreClient, logger
from .._client.wrap import core_for_origin, specify
from ..errors import ConfigurationError, Error

if TYPE_CHECKING:
    from collections.abc import Collection

    from .._client.wrap import Given

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_BASE_URLS = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE")
_INFERENCE = (
    *("/completions", "/responses", "/messages", "/embeddings"),
    *("/converse", "/converse-stream", "/invoke", "/invoke-with-response-stream"),
)
_MOST_NOTED = 100  # hosts

Origin = tuple[str, str, "int | None"]  # scheme, host, port


class Rule:
    """What `patch` was told."""

    def __init__(self, hosts: Collection[str], given: Given) -> None:
        self.hosts = tuple(sorted(hosts))
        self._named = frozenset(host_and_port(host) for host in hosts)
        self._spec = specify(given)
        self._lock = threading.Lock()
        self._cores: dict[Origin, CoreClient] = {}
        self._of_clients: dict[tuple[Origin, str | None], CoreClient] = {}
        # Both in the order of their first call.
        self._reached: dict[Origin, None] = {}
        self._passed: dict[tuple[str, int | None], None] = {}

    def covers(self, host: str, port: int | None) -> bool:
        """Whether requests to that host are ours."""
        return (
            (host, None) in self._named
            or (host, port) in self._named
            or _core.is_bedrock_host(host)
        )

    def covers_url(self, url: Any) -> bool:
        """Do the same for a URL of httpx; what it does not cover is noted."""
        scheme, host, port = origin_of(url.scheme, url.host, url.port)
        if self.covers(host, port):
            self._reached[scheme, host, port] = None
            return True
        self.passed(scheme, host, port, "/v1/chat/completions")  # one of an SDK's client
        return False

    def core_for(self, scheme: str, host: str, port: int | None) -> CoreClient | None:
        """Return what requests to an origin go through; None for one that is not covered."""
        origin = origin_of(scheme, host, port)
        core = self._cores.get(origin)
        if core is None and self.covers(origin[1].removesuffix("."), origin[2]):
            with self._lock:
                core = self._cores.get(origin)
                if core is None:
                    core = self._cores[origin] = core_for_origin(self._spec, url_of(origin))
                    self._reached[origin] = None
        return core

    def core_of_client(self, client: Any) -> CoreClient | None:
        """Return what follows the calls of a client of botocore; None for one not covered.

        Programs make many such clients: those of one endpoint share it.
        """
        parts = urlsplit(client.meta.endpoint_url)
        origin = origin_of(parts.scheme, parts.hostname or "", parts.port)
        if not self.covers(origin[1], origin[2]):
            self.passed(*origin, "/model/m/converse")  # one of its requests
            return None
        place = origin, client.meta.region_name
        with self._lock:
            core = self._of_clients.get(place)
            if core is None:
                core = self._of_clients[place] = core_of_client(client, self._spec)
        self._reached[origin] = None
        return core

    @property
    def reached(self) -> tuple[str, ...]:
        """The origins that were covered so far."""
        return tuple(url_of(origin) for origin in list(self._reached))

    @property
    def not_covered(self) -> tuple[str, ...]:
        """The hosts whose requests passed as they were."""
        return tuple(_named(host, port) for host, port in list(self._passed))

    # --- What is not covered, and perhaps was meant to be -----------------------------------------

    def passed(
        self, scheme: str, host: str, port: int | None, path: str, variable: str | None = None
    ) -> None:
        """Note a request that passes as it is, and say it once if it looks like one for Bedrock.

        With `variable` none was made yet: that variable of the environment leads there.
        """
        key = host, port
        if key in self._passed or len(self._passed) >= _MOST_NOTED:
            return
        if not _may_spend(url_of((scheme, host, port)), path):
            return
        self._passed[key] = None
        name = _named(host, port)
        alias = next((each for each in self._named if _is_alias(each, host, port)), None)
        if alias is not None:
            logger.warning(
                "%s is not covered: costmark.patch() names %s, which is another host to an HTTP "
                "client; add %r to hosts, or take one name in both places",
                name,
                _named(*alias),
                name,
            )
        elif not self._reached:
            logger.warning(
                "costmark.patch() covers no call to %s (%s): if that host "
                "leads to Bedrock, name it: costmark.patch(hosts=[%r]), or COSTMARK_HOSTS=%s",
                name,
                f"{variable} leads there" if variable else f"a request to {path} was made",
                name,
                name,
            )

    def look_at_environment(self) -> None:
        """Say at once which base URL of the environment is not covered."""
        for variable in _BASE_URLS:
            parts = urlsplit(os.environ.get(variable, ""))
            try:
                scheme, host, port = origin_of(parts.scheme, parts.hostname or "", parts.port)
            except ValueError:  # no port; who connects to it says so
                continue
            if host and not self.covers(host, port):
                self.passed(scheme, host, port, "/v1/chat/completions", variable)


def origin_of(scheme: str, host: str, port: int | None) -> Origin:
    """Return an origin with its port, in lower case; escapes are read as a proxy may read them."""
    host = host.lower().strip("[]")
    if "%" in host and ":" not in host:  # where it stands before the zone of an address
        host = unquote(host)
    return scheme, host, port or _PORTS.get(scheme)


def url_of(origin: Origin) -> str:
    """Return the URL of an origin."""
    scheme, host, port = origin
    scheme = {"ws": "http", "wss": "https"}.get(scheme, scheme)
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if port in (None, _PORTS.get(scheme)) else f":{port}")


def host_and_port(text: str) -> tuple[str, int | None]:
    """Read one of `hosts`."""
    host, port = text.strip().lower(), None
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        digits = rest.removeprefix(":") if rest else None
    elif host.count(":") == 1:
        host, _, digits = host.partition(":")
    else:
        digits = None
    if digits is not None:
        port = int(digits) if digits.isascii() and digits.isdigit() else 0
    if not host or set("/@?# ") & set(host) or (port is not None and not 0 < port < 65536):
        raise ConfigurationError(
            f"hosts: {text!r} is no host; take a name, or name:port, such as 'localhost:8080'"
        )
    return host, port


def _named(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port in (None, 80, 443) else f"{name}:{port}"


def _is_alias(named: tuple[str, int | None], host: str, port: int | None) -> bool:
    return named[0] in _LOOPBACK and host in _LOOPBACK and named[1] in (None, port)


def _may_spend(base_url: str, path: str) -> bool:
    """Whether a request may be one for Bedrock: to an inference route, not on a vendor's own host.

    The core decides that, about a request that is never sent.
    """
    if not path.rstrip("/").lower().endswith(_INFERENCE):  # spares asking for every other request
        return False
    url, body = base_url + path, b'{"model":"m"}'
    try:
        probe = _core.Client({"base_url": base_url, "auth": "none"}, environment={})
        operation, _ = probe.begin("POST", url, (), body, None, None, True)
        operation.prepare("POST", url, (), body, True)
    except Error:
        return False
    return operation.decision["api"] not in ("other", "control")
