"""The list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.catalog import MODELS
from ..wire.errors import not_found
from .context import authenticate
from .inference import json_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def listing(request: Request) -> Response:
    """GET /v1/models."""
    authenticate(request)
    data = [model.describe() for model in MODELS.values()]
    return json_response({"object": "list", "data": data})


async def get(request: Request) -> Response:
    """GET /v1/models/{model_id}."""
    authenticate(request)
    name = request.path_params["model_id"]
    if name not in MODELS:
        raise not_found(f"The model '{name}' does not exist")
    return json_response(MODELS[name].describe())
