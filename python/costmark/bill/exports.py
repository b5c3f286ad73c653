"""Files of Data Exports: which of them count, and what is in them.

AWS writes a month anew up to three times a day. The manifest says which files are the month as it
is now; files of earlier executions may still lie beside them.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..ledger.parts import connect, database_error, exactly
from ..reports.dimensions import literal
from .lines import BillLine

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import duckdb

    from .lines import Window

_MEMORY = "1GB"
_THREADS = 2
_PERIOD = re.compile(r"BILLING_PERIOD=(\d{4}-\d\d)", re.IGNORECASE)
_URI = re.compile(r"^s3://[^/]+/")


@dataclass(frozen=True)
class Manifest:
    """What one execution of an export wrote."""

    path: Path
    period: str
    execution: str
    files: tuple[Path, ...]


@dataclass
class Export:
    """The lines of a bill about Bedrock, summed by day."""

    lines: list[BillLine] = field(default_factory=list)
    format: str = "an empty export"
    snapshot: list[str] = field(default_factory=list)
    """Which executions these are; empty for a single file."""
    notes: list[str] = field(default_factory=list)
    has_usage_types: bool = True
    is_estimated: bool = False
    """Some lines have no invoice yet."""
    tells_invoices: bool = False
    """Whether it says which lines have an invoice."""
    invoices: set[str] = field(default_factory=set)
    payers: set[str] = field(default_factory=set)
    """The accounts that pay."""
    written: dt.datetime | None = None
    """When the newest of the files was written."""


def read_export(path: str | os.PathLike[str], window: Window, tag: str) -> Export:
    """Read CUR 2.0 or FOCUS: a file, or a folder with the export's manifests.

    ``tag`` is the key of the tag whose values are read. Raises ConfigurationError that names what
    is missing: manifest, file or column.
    """
    export = Export()
    files = _files(Path(path), window, export)
    if not files:  # executions without any line
        return export
    newest = max(file.stat().st_mtime for file in files)
    export.written = dt.datetime.fromtimestamp(newest, dt.timezone.utc)
    with (
        tempfile.TemporaryDirectory(prefix="costmark-") as folder,
        connect(_MEMORY, _THREADS) as database,
    ):
        database.execute("SET temp_directory = $1", [folder])
        database.execute("SET preserve_insertion_order = false")
        try:
            _read(database, files, window, tag, export)
        except database_error() as error:
            reason = str(error).partition("\n")[0]  # then comes our SQL
            raise ConfigurationError(f"{path} cannot be read: {reason}") from None
    return export


# --- Which files ----------------------------------------------------------------------------------


def _files(path: Path, window: Window, export: Export) -> list[Path]:
    if path.is_file() and path.suffix != ".json":
        return [path]
    if not path.exists():
        raise ConfigurationError(f"there is no export at {path}", code="invalid_argument")
    found = [path] if path.is_file() else sorted(path.rglob("*[Mm]anifest.json"))
    if not found:
        raise ConfigurationError(
            f"{path} has no manifest (metadata/BILLING_PERIOD=.../*-Manifest.json), which says "
            "which files count; fetch it too, or name a single file",
            code="invalid_argument",
        )
    newest = _newest(found, window)
    if not newest:
        raise ConfigurationError(
            f"{path} has no month from {window.first:%Y-%m} to {window.last:%Y-%m}",
            code="invalid_argument",
        )
    missing = sorted(set(_months(window)) - {manifest.period for manifest in newest})
    if missing:
        export.notes.append(
            f"there is no export of {', '.join(missing)}: what the ledger has then looks as if it "
            "was not billed"
        )
    for manifest in newest:
        export.snapshot.append(f"{manifest.period}, execution {manifest.execution}")
    return [file for manifest in newest for file in manifest.files]


def _months(window: Window) -> Iterator[str]:
    month = window.first.replace(day=1)
    while month <= window.last:
        yield f"{month:%Y-%m}"
        month = (month + dt.timedelta(days=32)).replace(day=1)


def _newest(paths: list[Path], window: Window) -> list[Manifest]:
    """The newest manifest of each month: that of the month's folder, or of the last execution."""
    months: dict[str, list[Path]] = {}
    for path in paths:
        match = _PERIOD.search(path.as_posix())
        if match is None:
            raise ConfigurationError(
                f"{path} is in no folder BILLING_PERIOD=YYYY-MM, so its month is not known",
                code="invalid_argument",
            )
        if f"{window.first:%Y-%m}" <= match[1] <= f"{window.last:%Y-%m}":
            months.setdefault(match[1], []).append(path)
    return [_load(max(months[month], key=_age), month) for month in sorted(months)]


def _age(path: Path) -> tuple[bool, str, int]:
    is_current = _PERIOD.fullmatch(path.parent.name) is not None
    # Folders of executions begin with their time.
    time = path.parent.name if re.match(r"\d{4}-?\d\d-?\d\d", path.parent.name) else ""
    return is_current, time, path.stat().st_mtime_ns


def _load(path: Path, period: str) -> Manifest:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        names = [str(name) for name in value["dataFiles"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is not a manifest of Data Exports, which has a list 'dataFiles': {error}"
        ) from None
    execution = str(value.get("executionId") or path.parent.name)
    return Manifest(path, period, execution, tuple(_local(path, name) for name in names))


def _local(manifest: Path, name: str) -> Path:
    """Where a file of the bucket lies: by the end of its key, below a folder of the manifest's."""
    parts = [part for part in Path(_URI.sub("", name)).parts if part not in ("/", "..")]
    months = [place for place, part in enumerate(parts) if _PERIOD.fullmatch(part)]
    # A name without its month's folder is that of every month.
    last = months[-1] if months else len(parts) - 1
    candidates = [
        folder.joinpath(*parts[begin:]) for folder in manifest.parents for begin in range(last + 1)
    ]
    for path in [manifest.parent / parts[-1], *candidates]:
        if path.is_file():
            return path
    raise ConfigurationError(
        f"{manifest} names {name}, which is not beside it; fetch it as well",
        code="invalid_argument",
    )


# --- What is in them ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """Where a format has what a line needs; the first column that is there counts."""

    name: str
    required: dict[str, tuple[str, ...]]
    optional: dict[str, tuple[str, ...]]
    identity: tuple[str, ...]
    """Columns that tell apart lines which are rounded one by one."""


_CUR = _Form(
    name="CUR 2.0",
    required={
        "start": ("line_item_usage_start_date",),
        "record_type": ("line_item_line_item_type",),
        "usage_type": ("line_item_usage_type",),
        "quantity": ("line_item_usage_amount",),
        "unit": ("pricing_unit",),
        "cost": ("line_item_unblended_cost",),
        "currency": ("line_item_currency_code",),
        "service": ("line_item_product_code",),
        "account": ("line_item_usage_account_id",),
    },
    optional={
        "region": ("product_region_code",),
        "product": ("product_product_name",),
        "invoice": ("bill_invoice_id",),
        "payer": ("bill_payer_account_id",),
    },
    identity=("line_item_operation", "line_item_resource_id", "line_item_iam_principal"),
)
_FOCUS = _Form(
    name="FOCUS",
    required={
        "start": ("ChargePeriodStart",),
        "record_type": ("ChargeCategory",),
        "quantity": ("PricingQuantity",),
        "unit": ("PricingUnit",),
        "cost": ("BilledCost",),
        "currency": ("BillingCurrency",),
        "service": ("x_ServiceCode", "ServiceName"),
        "account": ("SubAccountId",),
    },
    optional={
        "usage_type": ("x_UsageType",),
        "region": ("RegionId", "Region"),
        "product": ("ServiceName",),
        "payer": ("BillingAccountId",),
    },
    identity=("x_Operation", "ResourceId"),
)


def _read(
    database: duckdb.DuckDBPyConnection,
    files: list[Path],
    window: Window,
    tag: str,
    export: Export,
) -> None:
    table = _table(files)
    types = {
        name: kind
        for name, kind, *_ in database.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608
    }
    form = _FOCUS if "ChargePeriodStart" in types else _CUR
    export.format = form.name
    columns = _columns(form, types, files)
    _check_each(database, files, form, columns)
    export.has_usage_types = columns["usage_type"] != "NULL"
    export.tells_invoices = columns.get("invoice", "NULL") != "NULL"
    columns["tag"] = _tag_sql(types, tag, export)
    columns["other_spelling"] = _other_spelling(types, tag)
    if form is _CUR and columns["product"] == "NULL" and "product" in types:
        columns["product"] = _of_map(types, "product", "product_name")
    identity = [f'"{name}"' for name in form.identity if name in types]
    try:
        rows = database.execute(_sql(table, columns, identity, window)).fetchall()
    except database_error():
        _complain_of_value(database, files, columns)
        raise
    has_other_spelling = False
    for row in rows:
        *values, is_estimated, is_other_spelling, invoices, payers = row
        export.invoices.update(invoices)
        export.payers.update(payers)
        export.lines.append(_line(values))
        export.is_estimated = export.is_estimated or is_estimated
        has_other_spelling = has_other_spelling or is_other_spelling
    if has_other_spelling:
        export.notes.append(
            f"some lines have {tag} in another spelling alone, such as {tag.title()}: its values "
            "are taken, as resource_tags has them in lower case"
        )


def _check_each(
    database: duckdb.DuckDBPyConnection,
    files: list[Path],
    form: _Form,
    columns: dict[str, str],
) -> None:
    """Every file must have what a line needs: one without costs would count as nothing."""
    wanted = [columns[name].split('"')[1] for name in form.required]
    for file in files if len(files) > 1 else ():
        described = database.execute(f"DESCRIBE SELECT * FROM {_table([file])}").fetchall()  # noqa: S608
        missing = sorted(set(wanted) - {name for name, *_ in described})
        if missing:
            raise ConfigurationError(
                f"{file} has no column {', '.join(missing)}, and other files have: the export was "
                "changed in between; have AWS write that month anew",
                code="invalid_argument",
            )


def _complain_of_value(
    database: duckdb.DuckDBPyConnection, files: list[Path], columns: dict[str, str]
) -> None:
    """Name the first value that is not what its column has. ConfigurationError."""
    forms = {
        "start": (f"TRY_CAST(left({columns['start']}, 10) AS DATE)", "a day, as in 2026-11-01"),
        "quantity": (f"TRY_{_number(columns['quantity'])}", "a number, as in 4.77"),
        "cost": (f"TRY_{_number(columns['cost'])}", "an amount, as in 0.0007155"),
    }
    for file in files:
        for name, (tried, what) in forms.items():
            value = database.execute(
                f"SELECT {columns[name]} FROM {_table([file])} "  # noqa: S608
                f"WHERE {_where(columns)} AND {columns[name]} IS NOT NULL AND {tried} IS NULL "
                "LIMIT 1"
            ).fetchone()
            if value is not None:
                column = columns[name].split('"')[1]
                raise ConfigurationError(
                    f"{file}: column {column} has {value[0]!r}, which is not {what}",
                    code="invalid_argument",
                ) from None


def _number(column: str) -> str:
    return f"CAST({column} AS DECIMAL(38, 12))"


def _table(files: list[Path]) -> str:
    names = [exactly(file) for file in files]
    listed = "[" + ", ".join(map(literal, names)) + "]"
    is_parquet = {file.suffix == ".parquet" for file in files}
    if len(is_parquet) != 1:
        raise ConfigurationError("the export has Parquet and CSV files; read them one by one")
    if is_parquet == {True}:
        return f"read_parquet({listed}, union_by_name = true, hive_partitioning = false)"
    return (
        f"read_csv({listed}, header = true, all_varchar = true, union_by_name = true, "
        "hive_partitioning = false)"
    )


def _columns(form: _Form, types: dict[str, str], files: list[Path]) -> dict[str, str]:
    found = {}
    missing = []
    for name, candidates in {**form.required, **form.optional}.items():
        column = next((each for each in candidates if each in types), None)
        if column is None and name in form.required:
            missing.append(candidates[0])
        found[name] = "NULL" if column is None else f'CAST("{column}" AS VARCHAR)'
    if missing:
        raise ConfigurationError(
            f"{files[0].name} has no column {', '.join(missing)}; name "
            f"{'them' if len(missing) > 1 else 'it'} in the query of the export ({form.name})",
            code="invalid_argument",
        )
    return found


def _tag_sql(types: dict[str, str], tag: str, export: Export) -> str:
    """The value of a tag, in whichever of its spellings; NULL where the export has no tags."""
    snake = _snake(tag)
    spellings = {
        "tags": [f"resourceTags/{tag}"],
        "resource_tags": [f"user_{snake}"],
        "Tags": [tag, f"user:{tag}", f"resourceTags/{tag}", f"user_{snake}"],
    }
    found = [
        _of_map(types, column, key)
        for column, keys in spellings.items()
        if column in types
        for key in keys
    ]
    if not found:
        return "NULL"
    if "resource_tags" in types and "tags" not in types:
        export.notes.append(
            f"tags are read from resource_tags, where keys are in lower case: {tag} and other "
            "spellings of it are one"
        )
    return f"coalesce({', '.join(found)}, '')"


def _other_spelling(types: dict[str, str], tag: str) -> str:
    """Whether a line has a value of the tag by the key that ignores case, and by no other."""
    if not {"tags", "resource_tags"} <= types.keys():
        return "false"
    exact = _of_map(types, "tags", f"resourceTags/{tag}")
    folded = _of_map(types, "resource_tags", f"user_{_snake(tag)}")
    text = 'lower(CAST("tags" AS VARCHAR))'
    key = literal(f"resourcetags/{tag.lower()}")
    return f"({exact} IS NULL AND {folded} IS NOT NULL AND contains({text}, {key}))"


def _snake(key: str) -> str:
    return re.sub("[^a-z0-9]+", "_", key.lower())


def _of_map(types: dict[str, str], column: str, key: str) -> str:
    if types[column].startswith("MAP"):
        return f'map_extract("{column}", {literal(key)})[1]'
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(nullif(\"{column}\", ''), {literal(pointer)})"


def _sql(table: str, columns: dict[str, str], identity: list[str], window: Window) -> str:
    """Lines by day. In between they are summed by what AWS rounds, so that this is counted once."""
    # By way of their text, numbers keep the digits that they were written with.
    numbers = {name: _number(columns[name]) for name in ("quantity", "cost")}
    texts = [
        f"{columns[name]} AS {name}"
        for name in (
            *("record_type", "usage_type", "unit", "service", "product", "account", "region"),
            *("tag", "currency"),
        )
    ]
    listed = ", ".join(["day", *(text.rpartition(" AS ")[2] for text in texts)])
    invoice = columns.get("invoice", "NULL")
    estimated = "false" if invoice == "NULL" else f"coalesce({invoice}, '') = ''"
    each = ", ".join([f"{columns['start']} AS start", *identity])
    return f"""
        WITH every AS (
            SELECT CAST(left({columns["start"]}, 10) AS DATE) AS day, {", ".join(texts)},
                {numbers["quantity"]} AS quantity, {numbers["cost"]} AS cost,
                {estimated} AS is_estimated, {columns["other_spelling"]} AS is_other_spelling,
                nullif({invoice}, '') AS invoice, nullif({columns["payer"]}, '') AS payer,
                {each}
            FROM {table} WHERE {_where(columns)}
        ), rounded AS (
            SELECT {listed}, sum(quantity) AS quantity, sum(cost) AS cost,
                bool_or(is_estimated) AS is_estimated,
                bool_or(is_other_spelling) AS is_other_spelling,
                {_distinct("invoice")} AS invoices, {_distinct("payer")} AS payers
            FROM every WHERE day BETWEEN '{window.first}' AND '{window.last}'
            GROUP BY {listed}, start{"".join(f", {name}" for name in identity)}
        )
        SELECT {listed}, sum(quantity), sum(cost), count(*), bool_or(is_estimated),
            coalesce(bool_or(is_other_spelling), false),
            list_distinct(flatten(list(invoices))), list_distinct(flatten(list(payers)))
        FROM rounded GROUP BY {listed}"""  # noqa: S608


def _distinct(column: str) -> str:
    return f"coalesce(list(DISTINCT {column}) FILTER ({column} IS NOT NULL), []::VARCHAR[])"


def _where(columns: dict[str, str]) -> str:
    return (
        f"({columns['service']} ILIKE '%bedrock%' OR {columns['product']} ILIKE '%bedrock%' "
        f"OR {columns['usage_type']} ILIKE '%-mantle-%')"
    )


def _line(values: list[Any]) -> BillLine:
    day, record_type, usage_type, unit, service, product, account, region, tag, currency = values[
        :10
    ]
    quantity, cost, lines = values[10:]
    return BillLine(
        day=day,
        record_type=record_type or "",
        usage_type=usage_type or "",
        quantity=_exact(quantity),
        unit=unit or "",
        cost=_exact(cost),
        service=service or "",
        product=product or "",
        account=account or None,
        region=region or None,
        tag=tag,
        currency=currency or "",
        lines=lines,
    )


def _exact(number: Decimal | None) -> Fraction:
    return Fraction(number) if number is not None else Fraction(0)
