"""The list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.catalog import MODELS
from ..wire.errors import not_found
from . import attribution
from .authorization import authorize_on_project
from .context import authenticate, received, state_of
from .inference import json_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def _authorize(request: Request, action: str) -> None:
    caller, state = authenticate(request), state_of(request)
    project = attribution.named_arn(received(request), {}, state.projects)
    authorize_on_project(state, caller, action, project)


async def listing(request: Request) -> Response:
    """GET /v1/models."""
    _authorize(request, "ListModels")
    data = [model.describe() for model in MODELS.values()]
    return json_response({"object": "list", "data": data})


async def get(request: Request) -> Response:
    """GET /v1/models/{model_id}."""
    _authorize(request, "GetModel")
    name = request.path_params["model_id"]
    if name not in MODELS:
        raise not_found(f"The model '{name}' does not exist")
    return json_response(MODELS[name].describe())
