"""What tokens cost on the emulator's bill, and what the bill calls them.

Rates are in USD for a million tokens. Those of mantle are as model cards, price lists and price
files of September 2026 have them, but for a few that are marked; those of the runtime endpoint are
as genai-prices 0.2.3 has them. Names are those that were seen on bills.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

INPUT, OUTPUT, CACHE_READ, CACHE_WRITE = "input", "output", "cache-read", "cache-write"
INFERENCE_TYPES = {
    INPUT: "Input tokens",
    OUTPUT: "Output tokens",
    CACHE_READ: "Cache read tokens",
    CACHE_WRITE: "Cache write tokens",
}
BEDROCK = ("Amazon Bedrock", "AmazonBedrock")
BEDROCK_SERVICE = ("Amazon Bedrock Service", "AmazonBedrockService")

_LONG_ABOVE = 272_000
_PREFIXES = {
    "us-east-1": "USE1",
    "us-east-2": "USE2",
    "us-west-2": "USW2",
    "eu-west-1": "EUW1",
    "eu-west-2": "EUW2",
    "eu-central-1": "EUC1",
    "eu-north-1": "EUN1",
    "eu-south-1": "EUS1",
    "ap-northeast-1": "APN1",
    "ap-south-1": "APS3",
    "ap-southeast-2": "APS2",
    "ap-southeast-3": "APS4",
    "sa-east-1": "SAE1",
    "us-gov-west-1": "UGW1",
}


def usage_prefix(region: str) -> str:
    """What usage types have for a Region."""
    return _PREFIXES.get(region, region.upper().replace("-", ""))


@dataclass(frozen=True)
class Rate:
    """How one model is billed."""

    model: str
    provider: str
    display: str
    usd: dict[str, str]
    """USD for a million tokens, by kind."""
    long_usd: dict[str, str] | None = None
    """The same for requests with a long input, where that makes a difference."""
    service: tuple[str, str] = BEDROCK
    """Cost Explorer's name and the product code."""
    write_time: str = ""
    """How long cache writes live, as usage types have it."""
    is_global: bool = False
    """Served from everywhere, whether its name says so or not."""
    is_marketplace: bool = False
    endpoint: str = "mantle"

    @property
    def unit(self) -> str:
        """What quantities on the bill count."""
        return "1M tokens" if self.is_marketplace else "1K tokens"

    @property
    def unit_tokens(self) -> int:
        """How many tokens that is."""
        return 1_000_000 if self.is_marketplace else 1000

    def is_long(self, input_tokens: int) -> bool:
        """Whether a request with so much input has the rates of long ones, as a whole."""
        return self.long_usd is not None and input_tokens > _LONG_ABOVE

    def usd_of(self, kind: str, *, is_long: bool) -> Decimal:
        """USD for one token."""
        rates = self.long_usd if is_long and self.long_usd is not None else self.usd
        return Decimal(rates[kind]).scaleb(-6)

    @property
    def operation(self) -> str:
        """What the bill calls a request."""
        return "CreateInference" if self.endpoint == "mantle" else "InvokeModel"

    def usage_type(self, region: str, kind: str, *, is_long: bool, is_global: bool = False) -> str:
        """The usage type of a kind of tokens."""
        prefix = usage_prefix(region)
        is_global = is_global or self.is_global
        if self.is_marketplace:
            name = self._marketplace_name(kind, is_long=is_long, is_global=is_global)
            return f"{prefix}-MP:{prefix}_{name}-Units"
        time = f"-{self.write_time}" if kind == CACHE_WRITE and self.write_time else ""
        tokens = f"{kind}-tokens{time}{'-long-ctx' if is_long else ''}"
        if self.endpoint == "runtime":
            return f"{prefix}-{self.model}-{tokens}{'-cross-region-global' if is_global else ''}"
        serving = "-global" if is_global else ""
        return f"{prefix}-{self.model}-mantle-{tokens}{serving}-standard"

    def _marketplace_name(self, kind: str, *, is_long: bool, is_global: bool) -> str:
        middle = "_long_ctx" if is_long else ""
        if kind in (INPUT, OUTPUT):
            return f"{kind}_tokens{middle}{'_global' if is_global else ''}_standard"
        side = "CacheRead" if kind == CACHE_READ else f"CacheWrite{self.write_time}"
        return f"{side}InputTokenCount{middle}{'_Global' if is_global else ''}"


def _tokens(read: str, written: str, cached: str = "", cache_write: str = "") -> dict[str, str]:
    rates = {INPUT: read, OUTPUT: written, CACHE_READ: cached, CACHE_WRITE: cache_write}
    return {kind: usd for kind, usd in rates.items() if usd}


def _claude(model: str, display: str, usd: dict[str, str]) -> Rate:
    return Rate(
        model, "Anthropic", display, usd, service=BEDROCK_SERVICE, write_time="5m", is_global=True
    )


def _runtime(model: str, provider: str, display: str, usd: dict[str, str]) -> Rate:
    """The runtime endpoint's: Claude is billed through the Marketplace."""
    if provider != "Anthropic":
        return Rate(model, provider, display, usd, endpoint="runtime")
    return Rate(
        *(model, provider, display, usd),
        service=(f"{display} (Amazon Bedrock Edition)", "AmazonBedrockFoundationModels"),
        write_time="5m",
        is_marketplace=True,
        endpoint="runtime",
    )


_RATES = (
    Rate("openai.gpt-oss-20b", "OpenAI", "gpt-oss-20b", _tokens("0.07", "0.30")),
    Rate("openai.gpt-oss-120b", "OpenAI", "gpt-oss-120b", _tokens("0.15", "0.60")),
    Rate(
        *("openai.gpt-oss-safeguard-20b", "OpenAI", "GPT OSS Safeguard 20B"),
        _tokens("0.07", "0.20"),
    ),
    Rate(
        *("openai.gpt-oss-safeguard-120b", "OpenAI", "GPT OSS Safeguard 120B"),
        _tokens("0.15", "0.60"),
    ),
    Rate("google.gemma-3-27b-it", "Google", "Gemma 3 27B", _tokens("0.23", "0.38")),
    Rate("deepseek.v3.2", "DeepSeek", "DeepSeek V3.2", _tokens("0.62", "1.85")),
    Rate("qwen.qwen3-32b", "Qwen", "Qwen3 32B", _tokens("0.15", "0.60")),
    Rate("mistral.mistral-large-3", "Mistral AI", "Mistral Large 3", _tokens("0.50", "1.50")),
    Rate("zai.glm-4.7", "Z AI", "GLM 4.7", _tokens("0.60", "2.20")),
    Rate("openai.gpt-5.4", "OpenAI", "GPT-5.4", _tokens("2.75", "16.50", "0.275")),
    Rate("openai.gpt-5.5", "OpenAI", "GPT-5.5", _tokens("5.50", "33.00", "0.55")),
    Rate(
        *("openai.gpt-5.6-sol", "OpenAI", "GPT-5.6 Sol"),
        _tokens("4.40", "22.00", "0.44", "5.50"),
        _tokens("8.80", "33.00", "0.88", "11.00"),
        service=("OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)", "AmazonBedrockFoundationModels"),
        write_time="30m",
        is_marketplace=True,
    ),
    Rate(
        *("openai.gpt-5.6-terra", "OpenAI", "GPT-5.6 Terra"),
        _tokens("2.20", "13.20", "0.22", "2.75"),
        _tokens("4.40", "19.80", "0.44", "5.50"),
        write_time="30m",
    ),
    Rate(
        *("openai.gpt-5.6-luna", "OpenAI", "GPT-5.6 Luna"),
        _tokens("0.22", "1.32", "0.022", "0.275"),
        _tokens("0.44", "1.98", "0.044", "0.55"),
        write_time="30m",
    ),
    _claude(
        "anthropic.claude-opus-4-8",
        "Claude Opus 4.8",
        _tokens("5.00", "25.00", "0.50", "6.25"),
    ),
    _claude(
        "anthropic.claude-fable-5",
        "Claude Fable 5",
        _tokens("10.00", "50.00", "1.00", "12.50"),
    ),
    # No price of these is known; these rates are the emulator's own.
    Rate("google.gemma-4-31b", "Google", "Gemma 4 31B", _tokens("0.25", "0.40")),
    Rate("xai.grok-4.3", "xAI", "Grok 4.3", _tokens("3.00", "15.00")),
    Rate("emulator.embedding-1", "Emulator", "Embedding 1", {INPUT: "0.02"}),
)

# Of Claude these are the global ones, whatever the name of the profile; a Region's are 10% more.
_RUNTIME_RATES = (
    _runtime(
        *("anthropic.claude-haiku-4-5-20251001-v1:0", "Anthropic", "Claude Haiku 4.5"),
        _tokens("1.00", "5.00", "0.10", "1.25"),
    ),
    _runtime(
        *("anthropic.claude-sonnet-4-5-20250929-v1:0", "Anthropic", "Claude Sonnet 4.5"),
        _tokens("3.00", "15.00", "0.30", "3.75"),
    ),
    _runtime("amazon.nova-micro-v1:0", "Amazon", "Nova Micro", _tokens("0.035", "0.14")),
    _runtime("amazon.nova-lite-v1:0", "Amazon", "Nova Lite", _tokens("0.06", "0.24")),
    _runtime("amazon.nova-pro-v1:0", "Amazon", "Nova Pro", _tokens("0.80", "3.20")),
    _runtime(
        "amazon.titan-text-express-v1", "Amazon", "Titan Text Express", _tokens("0.20", "0.60")
    ),
    _runtime("amazon.titan-embed-text-v2:0", "Amazon", "Titan Embeddings V2", {INPUT: "0.02"}),
)
# What an application inference profile stands for.
_OF_PROFILES = "anthropic.claude-sonnet-4-5-20250929-v1:0"
_PROFILE = re.compile(
    r"(?:[a-z-]+/)?(?:(?P<group>us|eu|apac|global|jp|au|ca|us-gov)\.)?(?P<model>.+)"
)

RATES = {rate.model: rate for rate in (*_RATES, *_RUNTIME_RATES)}


def rate_of(name: str) -> tuple[Rate, bool]:
    """How a model is billed that a request calls by some name, and whether from everywhere."""
    if name in RATES:
        return RATES[name], False
    # The id of an inference profile, or an ARN that ends with an id.
    match = _PROFILE.fullmatch(name.split(":", 5)[-1] if name.startswith("arn:") else name)
    if match is None or match["model"] not in RATES:
        return RATES[_OF_PROFILES], False
    return RATES[match["model"]], match["group"] == "global"
