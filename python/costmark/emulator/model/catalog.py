"""The models that the emulator serves, and on which route, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

V1 = "/v1"
OPENAI_V1 = "/openai/v1"
ANTHROPIC_V1 = "/anthropic/v1"

CHAT = "chat_completions"
RESPONSES = "responses"
MESSAGES = "messages"
EMBEDDINGS = "embeddings"


@dataclass(frozen=True)
class Model:
    """One model: where it answers, to which APIs, and its peculiarities."""

    id: str
    route: str
    apis: frozenset[str]
    reasons: bool = False
    takes_max_tokens: bool = True
    usage_details: bool = True

    @property
    def owner(self) -> str:
        """The vendor, which the id begins with."""
        return self.id.partition(".")[0]

    def describe(self) -> dict[str, Any]:
        """The model as `GET /v1/models` shows it."""
        return {
            "id": self.id,
            "object": "model",
            "created": 1_764_547_200,
            "owned_by": self.owner,
            "status": "active",
            "data_retention": {
                "mode": "default",
                "source": "model_default",
                "allowed_modes": ["inherit", "none", "default"],
            },
        }


_BOTH = frozenset({CHAT, RESPONSES})
_CHAT = frozenset({CHAT})

_MODELS = (
    Model("openai.gpt-oss-20b", V1, _BOTH, reasons=True),
    Model("openai.gpt-oss-120b", V1, _BOTH, reasons=True),
    Model("openai.gpt-oss-safeguard-20b", V1, _CHAT, usage_details=False),
    Model("openai.gpt-oss-safeguard-120b", V1, _CHAT, usage_details=False),
    Model("google.gemma-3-27b-it", V1, _CHAT),
    Model("deepseek.v3.2", V1, _CHAT),
    Model("qwen.qwen3-32b", V1, _CHAT),
    Model("mistral.mistral-large-3", V1, _CHAT),
    Model("zai.glm-4.7", V1, _CHAT),
    Model("openai.gpt-5.4", OPENAI_V1, frozenset({RESPONSES}), reasons=True),
    Model("openai.gpt-5.5", OPENAI_V1, frozenset({RESPONSES}), reasons=True),
    Model("openai.gpt-5.6-sol", OPENAI_V1, _BOTH, reasons=True, takes_max_tokens=False),
    Model("openai.gpt-5.6-terra", OPENAI_V1, _BOTH, reasons=True, takes_max_tokens=False),
    Model("openai.gpt-5.6-luna", OPENAI_V1, _BOTH, reasons=True, takes_max_tokens=False),
    Model("google.gemma-4-31b", OPENAI_V1, _BOTH, takes_max_tokens=False),
    Model("xai.grok-4.3", OPENAI_V1, _BOTH, reasons=True, takes_max_tokens=False),
    Model("anthropic.claude-opus-4-8", ANTHROPIC_V1, frozenset({MESSAGES})),
    Model("anthropic.claude-fable-5", ANTHROPIC_V1, frozenset({MESSAGES})),
    # No embedding model of the service is documented; this one is the emulator's own.
    Model("emulator.embedding-1", V1, frozenset({EMBEDDINGS})),
)

MODELS = {model.id: model for model in _MODELS}
