"""The proof that an endpoint reads the project that requests name."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from ._client.scope import current_project
from ._client.wrap import core_of, package_of
from ._waiting import in_thread
from .errors import AttributionError

if TYPE_CHECKING:
    from ._client.core_client import CoreClient

# What an SDK builds its requests from, to be read off and not sent.
_PATHS = {
    ("openai", None): "/chat/completions",
    ("openai", "chat_completions"): "/chat/completions",
    ("openai", "responses"): "/responses",
    ("openai", "embeddings"): "/embeddings",
    ("anthropic", None): "/v1/messages",
    ("anthropic", "messages"): "/v1/messages",
}


@dataclass(frozen=True)
class Probe:
    """One exchange of a verification; the counts are None where no model was at work."""

    project: str
    request: str
    status: int | None
    code: str
    request_id: str
    finding: str
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True)
class Verification:
    """Whether an endpoint reads the project that requests name, and what shows it.

    ``verdict`` is ``honored`` when a project that cannot exist was refused and the real one
    passed; ``not_honored`` when the one that cannot exist was served, so that the endpoint ignores
    the name and bills its default project; ``unknown`` when neither was shown, for the ``reason``
    given. ``retryable`` says that it is unknown only for now. It holds no secrets.
    """

    verdict: Literal["honored", "not_honored", "unknown"]
    reason: str
    endpoint: str
    carrier: str
    project: str
    model: str
    api: str
    probes: tuple[Probe, ...]
    checked_at: datetime
    retryable: bool

    @property
    def honored(self) -> bool:
        """Whether it was proven that the project is read."""
        return self.verdict == "honored"

    def raise_unless_honored(self) -> Verification:
        """Raise `AttributionError` for any verdict but ``honored``; else return itself."""
        if self.honored:
            return self
        last = self.probes[-1] if self.probes else None
        verb = "ignores" if self.verdict == "not_honored" else "is not proven to read"
        raise AttributionError(
            f"{self.endpoint} {verb} the project of requests: {self.reason}",
            code="unattributed",
            status=last.status if last else None,
            request_id=(last.request_id or None) if last else None,
            retryable=self.retryable,
        )


def verify(
    client: object,
    *,
    model: str | None = None,
    project: str | None = None,
    api: str | None = None,
    force: bool = False,
    timeout: float = 20.0,
) -> Verification:
    """Find out whether the endpoint of a wrapped client reads the project that requests name.

    A project that cannot exist must be refused there, and the real one must pass: `project`, else
    that of the scope, else the client's. `model` is one that the endpoint has (default: option
    ``verify_model``): each probe then is the smallest request to it, and the one that passes spends
    a few tokens of the project. Without a model nothing is generated, and of the project only its
    own resource is read, which not every endpoint has and not every identity may read.

    `api` is ``chat_completions``, ``responses``, ``embeddings`` or ``messages``; by default the one
    of the client and the model. A proof is kept with the client, and made anew with `force`. Each
    exchange takes at most `timeout` seconds and does not use the client's own HTTP client: the
    options ``proxy``, ``no_proxy``, ``ca_bundle`` and ``http_version`` apply, without them the
    environment's proxies and ``AWS_CA_BUNDLE``.

    Raises `AttributionError` when there is no project, and what making a request raises; never
    because of an answer.
    """
    core = core_of(client)
    options = _prepared_options(client, api)
    if inspect.iscoroutine(options):
        options.close()
        raise TypeError("verify() takes a synchronous client; for this one: await averify(client)")
    return _verify(core, _build(client, options), model, project, api, force, timeout)


async def averify(
    client: object,
    *,
    model: str | None = None,
    project: str | None = None,
    api: str | None = None,
    force: bool = False,
    timeout: float = 20.0,
) -> Verification:
    """Do as `verify` does, in a worker thread; takes synchronous and asynchronous clients."""
    core = core_of(client)
    options = _prepared_options(client, api)
    if inspect.iscoroutine(options):
        options = await options
    request = _build(client, options)
    found: Verification = await in_thread(
        lambda: _verify(core, request, model, project, api, force, timeout)
    )
    return found


def result_of(found: dict[str, Any]) -> Verification:
    """Make a `Verification` of what the core found."""
    return Verification(
        **{
            **found,
            "probes": tuple(Probe(**probe) for probe in found["probes"]),
            "checked_at": datetime.fromtimestamp(found["checked_at"], timezone.utc),
        }
    )


def _verify(
    core: CoreClient,
    request: Any,
    model: str | None,
    project: str | None,
    api: str | None,
    force: bool,
    timeout: float,
) -> Verification:
    found = core.verify(
        request,
        model=model,
        project=project or current_project(),
        api=api,
        force=force,
        timeout=timeout,
    )
    return result_of(found)


def _prepared_options(client: Any, api: str | None) -> Any:
    """Let the SDK prepare the options of a request, which may fetch its key; maybe a coroutine."""
    package = package_of(client)
    path = _PATHS.get((package, api))
    if path is None:
        known = ", ".join(repr(name) for of, name in _PATHS if of == package and name)
        raise ValueError(f"api of this client takes {known}, not {api!r}")
    options_class = import_module(f"{package}._models").FinalRequestOptions
    options = options_class.construct(method="post", url=path, json_data={})
    return client._prepare_options(options)


def _build(client: Any, options: Any) -> Any:
    return client._build_request(options, retries_taken=0)
