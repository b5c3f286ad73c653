"""Cost Explorer's filters and groups: what of a line they look at, and whether it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .aws_json import Asked, invalid
from .rates import INFERENCE_TYPES

if TYPE_CHECKING:
    from .charges import Charge

Value = Callable[["Charge"], str]

DIMENSIONS: dict[str, Value] = {
    "LINKED_ACCOUNT": lambda charge: charge.account,
    "LINKED_ACCOUNT_NAME": lambda charge: f"Emulator {charge.account}",
    "PAYER_ACCOUNT": lambda charge: charge.payer,
    "REGION": lambda charge: charge.region,
    "SERVICE": lambda charge: charge.rate.service[0],
    "SERVICE_CODE": lambda charge: charge.rate.service[1],
    "USAGE_TYPE": lambda charge: charge.usage_type,
    "OPERATION": lambda charge: charge.rate.operation,
    "RECORD_TYPE": lambda charge: charge.record_type,
    "PURCHASE_TYPE": lambda _: "On Demand",
    "BILLING_ENTITY": lambda charge: "AWS Marketplace" if charge.rate.is_marketplace else "AWS",
}
PRODUCT_ATTRIBUTES: dict[str, Value] = {
    "provider": lambda charge: charge.rate.provider,
    "model": lambda charge: charge.rate.display,
    "inferenceType": lambda charge: INFERENCE_TYPES[charge.kind],
    "feature": lambda _: "",
}

_MEMBERS = ("Or", "And", "Not", "Dimensions", "Tags", "CostCategories", "ProductAttributes")


def tag_value(key: str) -> Value:
    """The value that a line has of a tag; what has none has an empty one."""
    return lambda charge: charge.tags.get(key, "")


def dimension(name: str) -> Value:
    """The value that a line has of a dimension."""
    if name not in DIMENSIONS:
        raise invalid(f"{name} is not a dimension that costs can be filtered or grouped by here.")
    return DIMENSIONS[name]


def product_attribute(name: str) -> Value:
    """The value that a line has of a product attribute."""
    if name not in PRODUCT_ATTRIBUTES:
        known = ", ".join(PRODUCT_ATTRIBUTES)
        raise invalid(f"{name} is not a product attribute; they are {known}.")
    return PRODUCT_ATTRIBUTES[name]


def fits(expression: Asked | None) -> Callable[[Charge], bool]:
    """Whether a line is one that an expression asks for."""
    if expression is None:
        return lambda _: True
    names = [name for name in _MEMBERS if expression.get(name) is not None]
    if len(names) != 1:
        raise invalid("An expression must have exactly one of its members.")
    (name,) = names
    content = expression[name]
    if name in ("Or", "And"):
        return _joined(name, content)
    if name == "Not":
        _refuse_product_attributes(content)
        inner = fits(content)
        return lambda charge: not inner(charge)
    return _condition(name, content)


def _joined(name: str, content: list[Asked]) -> Callable[[Charge], bool]:
    if len(content) < 2:
        raise invalid(f"{name} must have at least two operands.")
    parts = [fits(each) for each in content]
    join: Callable[[Iterable[bool]], bool] = all if name == "And" else any
    return lambda charge: join(part(charge) for part in parts)


def _refuse_product_attributes(expression: Asked) -> None:
    if uses_product_attributes(expression):
        raise invalid("ProductAttributes cannot be used inside Not.")


def _condition(name: str, content: Asked) -> Callable[[Charge], bool]:
    key = content.get("Key")
    if key is None:
        raise invalid(f"{name} must have a Key.")
    values: dict[str, Callable[[str], Value]] = {
        "Dimensions": dimension,
        "Tags": tag_value,
        "ProductAttributes": product_attribute,
        "CostCategories": lambda _: lambda _: "",
    }
    value = values[name](key)
    matches = _matcher(content.get("Values", []), content.get("MatchOptions") or ["EQUALS"])
    return lambda charge: matches(value(charge))


def _matcher(wanted: list[str], options: list[str]) -> Callable[[str], bool]:
    if "ABSENT" in options:
        if wanted:
            raise invalid("ABSENT takes no Values.")
        return lambda value: value == ""
    if not wanted:
        raise invalid("Values must not be empty.")
    if "GREATER_THAN_OR_EQUAL" in options:
        raise invalid("GREATER_THAN_OR_EQUAL is not an option for costs.")
    fold = str.casefold if "CASE_INSENSITIVE" in options else str
    folded = [fold(each) for each in wanted]
    tests: dict[str, Callable[[str, str], bool]] = {
        "STARTS_WITH": str.startswith,
        "ENDS_WITH": str.endswith,
        "CONTAINS": str.__contains__,
    }
    test = next((tests[each] for each in options if each in tests), str.__eq__)
    return lambda value: any(test(fold(value), each) for each in folded)


def parts_of(expression: Asked | None) -> Iterator[tuple[str, Asked]]:
    """Every condition of an expression, at any depth."""
    if expression is None:
        return
    for name in _MEMBERS:
        content = expression.get(name)
        if content is None:
            continue
        if name in ("Or", "And"):
            for each in content:
                yield from parts_of(each)
        elif name == "Not":
            yield from parts_of(content)
        else:
            yield name, content


def uses_product_attributes(expression: Asked | None) -> bool:
    """Whether an expression asks for product attributes."""
    return any(name == "ProductAttributes" for name, _ in parts_of(expression))


def names_a_service(expression: Asked | None) -> bool:
    """Whether an expression asks for services."""
    return any(
        name == "Dimensions" and content.get("Key") == "SERVICE"
        for name, content in parts_of(expression)
    )
