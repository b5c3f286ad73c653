"""costmark marks every Amazon Bedrock call with the project that pays for it.

::

    import costmark, openai

    url = "https://bedrock-mantle.us-east-1.api.aws/v1"
    client = costmark.wrap(openai.OpenAI(base_url=url, api_key="unused"), project="proj_support")
    with costmark.project("proj_research"):
        client.chat.completions.create(model="openai.gpt-oss-120b", messages=[...])
    print(costmark.usage())
"""

from __future__ import annotations

from ._client.scope import (
    bind,
    current_labels,
    current_project,
    labels,
    override_budgets,
    project,
)
from .errors import (
    AttributionError,
    BudgetError,
    ConfigurationError,
    CredentialsError,
    Error,
    InternalError,
    RequestError,
    ServiceError,
    TransportError,
)

TYPE_CHECKING = False  # without the cost of importing typing
if TYPE_CHECKING:
    from . import bill, export, jsonedit, ledger, otel, prices, projects, reports
    from ._budgets import Budget, budgets
    from ._client.client import Client
    from ._client.coverage import Coverage, coverage
    from ._client.httpx_clients import AsyncHTTPTransport, HTTPTransport
    from ._client.patch import patch, unpatch
    from ._client.wrap import unwrap, wrap
    from ._core import Credentials
    from ._core import version as __version__
    from ._experiments import experiment
    from ._ledger_counts import LedgerCounts, ledger_counts
    from ._routes import Route, route_of
    from ._signing import sign
    from ._tokens import async_token_provider, token, token_provider
    from ._usage import (
        Answer,
        ModelUsage,
        ProjectUsage,
        RequestCounts,
        request_counts,
        reset_usage,
        usage,
    )
    from ._verify import Verification, averify, verify
    from .projects import AsyncProjects, Project, Projects
    from .stack.options import options

__all__ = [
    "__version__",
    # clients
    "wrap",
    "unwrap",
    "options",
    "patch",
    "unpatch",
    "coverage",
    "Coverage",
    # code without an SDK
    "HTTPTransport",
    "AsyncHTTPTransport",
    "Client",
    # scopes
    "project",
    "current_project",
    "labels",
    "current_labels",
    "bind",
    "experiment",
    # budgets
    "budgets",
    "Budget",
    "override_budgets",
    # usage
    "usage",
    "reset_usage",
    "ProjectUsage",
    "ModelUsage",
    "Answer",
    "request_counts",
    "RequestCounts",
    "ledger_counts",
    "LedgerCounts",
    # bearer tokens
    "token",
    "token_provider",
    "async_token_provider",
    # proof of attribution
    "verify",
    "averify",
    "Verification",
    # projects
    "Projects",
    "AsyncProjects",
    "Project",
    "projects",
    # routes of models
    "route_of",
    "Route",
    # the core's parts alone
    "Credentials",
    "sign",
    "jsonedit",
    "prices",
    # over ledgers and bills
    "ledger",
    "reports",
    "export",
    "bill",
    # telemetry
    "otel",
    # errors
    "Error",
    "RequestError",
    "ConfigurationError",
    "AttributionError",
    "BudgetError",
    "CredentialsError",
    "TransportError",
    "ServiceError",
    "InternalError",
]

_MODULES = ("bill", "export", "jsonedit", "ledger", "otel", "prices", "projects", "reports")
# Loaded when first used, the native module too, so that importing costmark costs next to nothing.
_LAZY = {
    "Credentials": "_core",
    "wrap": "_client.wrap",
    "options": "stack.options",
    "unwrap": "_client.wrap",
    "Client": "_client.client",
    "HTTPTransport": "_client.httpx_clients",
    "AsyncHTTPTransport": "_client.httpx_clients",
    "coverage": "_client.coverage",
    "Coverage": "_client.coverage",
    "patch": "_client.patch",
    "unpatch": "_client.patch",
    "experiment": "_experiments",
    "budgets": "_budgets",
    "Budget": "_budgets",
    "route_of": "_routes",
    "Route": "_routes",
    "sign": "_signing",
    "token": "_tokens",
    "token_provider": "_tokens",
    "async_token_provider": "_tokens",
    "usage": "_usage",
    "reset_usage": "_usage",
    "ProjectUsage": "_usage",
    "ModelUsage": "_usage",
    "Answer": "_usage",
    "request_counts": "_usage",
    "RequestCounts": "_usage",
    "ledger_counts": "_ledger_counts",
    "LedgerCounts": "_ledger_counts",
    "verify": "_verify",
    "averify": "_verify",
    "Verification": "_verify",
    "Projects": "projects",
    "AsyncProjects": "projects",
    "Project": "projects",
}


if not TYPE_CHECKING:  # else a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f".{name}", __name__)
        if name == "__version__":
            return import_module("._core", __name__).version
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
