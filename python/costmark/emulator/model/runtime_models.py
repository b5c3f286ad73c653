"""The models that `bedrock-runtime` serves, and the ways in which a request may name one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .catalog import Model

CONVERSE = "converse"
INVOKE_MODEL = "invoke_model"

ANTHROPIC = "anthropic"
NOVA = "nova"
TITAN_TEXT = "titan-text"
TITAN_EMBEDDING = "titan-embedding"

_BOTH = frozenset({CONVERSE, INVOKE_MODEL})
_INVOKED = frozenset({INVOKE_MODEL})

# By foundation model: the words in which its own bodies speak, and the APIs that serve it.
_FAMILIES = {
    "anthropic.claude-haiku-4-5-20251001-v1:0": (ANTHROPIC, _BOTH),
    "anthropic.claude-sonnet-4-5-20250929-v1:0": (ANTHROPIC, _BOTH),
    "amazon.nova-micro-v1:0": (NOVA, _BOTH),
    "amazon.nova-lite-v1:0": (NOVA, _BOTH),
    "amazon.nova-pro-v1:0": (NOVA, _BOTH),
    "amazon.titan-text-express-v1": (TITAN_TEXT, _BOTH),
    "amazon.titan-embed-text-v2:0": (TITAN_EMBEDDING, _INVOKED),
}
# Application inference profiles are whatever an account has made of a model; here, of this one.
_OF_APPLICATION_PROFILES = "anthropic.claude-sonnet-4-5-20250929-v1:0"

_REGIONS = re.compile(r"^(?:us|eu|apac|global|jp|au|ca|us-gov)\.")
_APPLICATION_PROFILE = "application-inference-profile"
_RESOURCES = ("foundation-model", "inference-profile", _APPLICATION_PROFILE)


@dataclass(frozen=True)
class RuntimeModel(Model):
    """A model by the name that a request has for it."""

    family: str = ANTHROPIC
    of_application_profile: bool = False

    @property
    def counts_cached_apart(self) -> bool:
        """Whether the input tokens that it reports are those beside the cached ones."""
        return self.family == ANTHROPIC


def runtime_model(name: str) -> RuntimeModel | None:
    """The model that an id, the id of an inference profile, or an ARN of either names."""
    resource, name_in_arn = _of_arn(name)
    if resource is None:
        return None
    is_application_profile = resource == _APPLICATION_PROFILE
    base = _OF_APPLICATION_PROFILES if is_application_profile else _REGIONS.sub("", name_in_arn)
    if base not in _FAMILIES:
        return None
    family, apis = _FAMILIES[base]
    return RuntimeModel(
        name, "/model", apis, family=family, of_application_profile=is_application_profile
    )


def resources_of(name: str) -> list[tuple[str, str]]:
    """What a call to this model invokes, as kinds and ids: a profile, and the model behind it."""
    kind, identifier = _of_arn(name)
    base = _REGIONS.sub("", identifier)
    if kind is None or base == identifier:
        return [(kind or _RESOURCES[0], identifier)]
    return [(_RESOURCES[1], identifier), (_RESOURCES[0], base)]


def _of_arn(name: str) -> tuple[str | None, str]:
    """The kind of a resource and its id; a name that is no ARN is a model's."""
    if not name.startswith("arn:"):
        return "foundation-model", name
    parts = name.split(":", 5)
    kind, _, identifier = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
    known = len(parts) == 6 and parts[2] == "bedrock" and kind in _RESOURCES
    return (kind if known else None), identifier
