"""Who a client with the OpenAI SDK's own ``provider=bedrock(...)`` is.

The provider signs with botocore before our transport edits the request, which breaks that
signature. So its identity is taken over, and the request is signed once, at the end.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from .. import _core
from .._hidden import Hidden
from .._waiting import interruptible
from ..errors import CredentialsError, Error
from .base import Identity, Keys, definer

if TYPE_CHECKING:
    from collections.abc import Callable


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
    if not _has_source(config):
        # Where botocore is missing, the default chain of costmark stands in for its own.
        return Identity({**options, **({"profile": config.profile} if config.profile else {})})
    return Identity(options, lambda: _keys_now(auth).credentials)


def ask_of(client: Any) -> Callable[[], Keys] | None:
    """Return what the provider asks for keys each time it signs; None where they are fixed."""
    auth = _auth_of(client)
    config = getattr(auth, "_config", None)
    if config is None or config.access_key_id is not None or not _has_source(config):
        return None
    return lambda: _keys_now(auth)


def state_of(client: Any) -> tuple[Any, ...] | None:
    """Return what says whether two clients have the same identity."""
    auth = _auth_of(client)
    config = getattr(auth, "_config", None)
    if config is None:
        return None if auth is None else ("bearer",)
    return config, getattr(config, "credentials_provider", None)


def _has_source(config: Any) -> bool:
    fixed = config.access_key_id is not None or config.credentials_provider is not None
    return fixed or importlib.util.find_spec("botocore") is not None


def check_instead_of_signing(client: Any, request: Any) -> bool:
    """Let a signing provider check the request as it does before it signs; False without one."""
    if not _signs_itself(client):
        return False
    _auth_of(client)._validate_request(request)
    return True


def _auth_of(client: Any) -> Any:
    runtime = getattr(client, "_provider_runtime", None)
    if runtime is None or getattr(runtime, "name", None) != "bedrock":
        return None
    return getattr(getattr(runtime, "prepare_request", None), "__self__", None)


def _signs_itself(client: Any) -> bool:
    auth = _auth_of(client)
    if auth is None or not hasattr(auth, "_config") or not hasattr(auth, "_validate_request"):
        return False
    # Subclasses may do more before a request than let their provider sign it.
    openai = sys.modules["openai"]
    return definer(client, "_prepare_request") in (openai.OpenAI, openai.AsyncOpenAI)


def _keys_now(auth: Any) -> Keys:
    try:
        return _keys(auth)
    except Exception as error:
        # What the SDK says about a missing botocore, or a profile, is said as it says it.
        if isinstance(error, (Error, sys.modules["openai"].OpenAIError)):
            raise
        raise CredentialsError(
            f"the credentials of the client's bedrock provider: {type(error).__name__} was raised"
        ) from error


def _keys(auth: Any) -> Keys:
    config = auth._config
    if config.access_key_id is not None:
        return _as_keys(
            Hidden((config.access_key_id, config.secret_access_key, config.session_token))
        )
    if config.credentials_provider:
        found = config.credentials_provider()
    else:
        found = interruptible(lambda: _session(auth))
    if found is None:
        raise CredentialsError("the bedrock provider of the client found no AWS credentials")
    freeze = getattr(found, "get_frozen_credentials", None)
    # What is frozen shows its secrets; `found` may be that already.
    frozen = Hidden(freeze() if callable(freeze) else found)
    del found
    return _as_keys(Hidden((frozen.value.access_key, frozen.value.secret_key, frozen.value.token)))


def _as_keys(fields: Hidden) -> Keys:
    credentials = _core.Credentials(*fields.value, source="bedrock provider")
    return Keys(credentials, hash(fields.value))


def _session(auth: Any) -> Any:
    """The botocore session that the provider has, or would make, for itself."""
    if auth._auth is None:
        auth._auth = _new_signer(auth)
    return auth._auth._session.get_credentials()


def _new_signer(auth: Any) -> Any:
    from openai.lib._bedrock_auth import BedrockAwsAuth

    return BedrockAwsAuth(auth._config)
