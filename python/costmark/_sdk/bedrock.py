"""Who a client with the OpenAI SDK's own ``provider=bedrock(...)`` is.

The provider signs with botocore before our transport edits the request, which breaks that
signature. So its identity is taken over, and the request is signed once, at the end.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from .. import _core
from ..errors import CredentialsError
from .base import Identity, definer

# How long credentials that other code refreshes are used before they are asked for again.
_ASK_AGAIN_S = 300


def identity_of(client: Any) -> Identity:
    """Return what the client's provider says about authentication; nothing without a provider."""
    auth = _auth_of(client)
    config = getattr(auth, "_config", None)
    if auth is None:
        return Identity({})
    if config is None:  # a bearer token, which the provider has set when the request gets here
        return Identity({"auth": "none"})
    options = {"auth": "sigv4", "region": config.region}
    if hasattr(config, "service"):
        options["service"] = config.service
    return Identity(options, lambda: _credentials(auth))


def check_instead_of_signing(client: Any, request: Any) -> bool:
    """Let a signing provider check the request as it does before it signs; False without one."""
    if getattr(client, "_provider_runtime", None) is None or not _signs_itself(client):
        return False
    _auth_of(client)._validate_request(request)
    return True


def _auth_of(client: Any) -> Any:
    runtime = getattr(client, "_provider_runtime", None)
    if getattr(runtime, "name", None) != "bedrock":
        return None
    return getattr(getattr(runtime, "prepare_request", None), "__self__", None)


def _signs_itself(client: Any) -> bool:
    auth = _auth_of(client)
    if not hasattr(auth, "_config") or not hasattr(auth, "_validate_request"):
        return False
    # Subclasses may do more before a request than let their provider sign it.
    openai = sys.modules["openai"]
    return definer(client, "_prepare_request") in (openai.OpenAI, openai.AsyncOpenAI)


def _credentials(auth: Any) -> _core.Credentials:
    config = auth._config
    if config.access_key_id is not None:
        return _core.Credentials(
            config.access_key_id, config.secret_access_key, config.session_token
        )
    found = config.credentials_provider() if config.credentials_provider else _session(auth)
    if found is None:
        raise CredentialsError("the bedrock provider of the client found no AWS credentials")
    freeze = getattr(found, "get_frozen_credentials", None)
    frozen = freeze() if callable(freeze) else found
    return _core.Credentials(
        frozen.access_key,
        frozen.secret_key,
        frozen.token,
        expires_at=time.time() + 2 * _ASK_AGAIN_S,
        source="bedrock provider",
    )


def _session(auth: Any) -> Any:
    """The botocore session that the provider has, or would make, for itself."""
    if auth._auth is None:
        auth._auth = _new_signer(auth)
    return auth._auth._session.get_credentials()


def _new_signer(auth: Any) -> Any:
    from openai.lib._bedrock_auth import BedrockAwsAuth

    return BedrockAwsAuth(auth._config)
