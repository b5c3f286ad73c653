"""What tokens cost on the emulator's bill, and what the bill calls them.

Rates are in USD for a million tokens, as model cards, price lists and price files of September 2026
have them. Names are those that were seen on bills.
"""

from __future__ import annotations

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
    is_marketplace: bool = False

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

    def usage_type(self, region: str, kind: str, *, is_long: bool) -> str:
        """The usage type of a kind of tokens."""
        prefix = usage_prefix(region)
        if self.is_marketplace:
            name = {
                INPUT: "input_tokens{long}_standard",
                OUTPUT: "output_tokens{long}_standard",
                CACHE_READ: "CacheReadInputTokenCount{long}",
                CACHE_WRITE: f"CacheWrite{self.write_time}InputTokenCount{{long}}",
            }[kind].format(long="_long_ctx" if is_long else "")
            return f"{prefix}-MP:{prefix}_{name}-Units"
        time = f"-{self.write_time}" if kind == CACHE_WRITE and self.write_time else ""
        return (
            f"{prefix}-{self.model}-mantle-{kind}-tokens{time}{'-long-ctx' if is_long else ''}"
            f"{'-global' if self.is_global else ''}-standard"
        )


def _tokens(read: str, written: str, cached: str = "", cache_write: str = "") -> dict[str, str]:
    rates = {INPUT: read, OUTPUT: written, CACHE_READ: cached, CACHE_WRITE: cache_write}
    return {kind: usd for kind, usd in rates.items() if usd}


def _claude(model: str, display: str, usd: dict[str, str]) -> Rate:
    return Rate(
        model, "Anthropic", display, usd, service=BEDROCK_SERVICE, write_time="5m", is_global=True
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

RATES = {rate.model: rate for rate in _RATES}
