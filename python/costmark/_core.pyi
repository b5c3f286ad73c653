from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal, TypedDict, overload

from typing_extensions import Buffer

version: str

# (name, value), or (name, name in lower case, value)
_Field = tuple[str | bytes, str | bytes] | tuple[bytes, bytes, bytes]
_Fields = Sequence[_Field]
_Plan = tuple[bool, int, float]  # may_change_body, read_ahead_bytes, read_ahead_seconds

class Credentials:
    """One set of AWS credentials: immutable, its secrets never shown."""

    def __init__(
        self,
        access_key_id: str,
        secret_access_key: str,
        session_token: str | None = None,
        *,
        expires_at: float | None = None,
        account_id: str | None = None,
        source: str | None = None,
    ) -> None: ...
    @property
    def access_key_id(self) -> str: ...
    @property
    def expires_at(self) -> int | None: ...
    @property
    def account_id(self) -> str: ...
    @property
    def source(self) -> str: ...

class _Explanation(TypedDict):
    asked: list[tuple[str, str]]  # sources with why not; empty for the one that won
    credentials: Credentials | None
    role: str  # of option role_arn; empty without one
    assumed_with: Credentials | None  # what signs the question for that role
    region: str
    region_origin: str

def explain_credentials(
    profile: str = "", environment: Mapping[str, str] | None = None
) -> _Explanation: ...

class _Totals(TypedDict):
    operations: int
    attempts: int
    failed_attempts: int
    incomplete_attempts: int
    open_attempts: int
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    inconsistent: int

class UsageCounters:
    """Sums of usage by project, shared by any number of clients."""

    def __init__(self) -> None: ...
    def snapshot(self) -> dict[str, _Totals]: ...
    def by_model(self) -> dict[str, dict[str, _Totals]]: ...
    def requests(self) -> dict[str, int]: ...
    def reset(self) -> None: ...

class _PriceLine(TypedDict):
    model: str
    region: str
    serving: str
    tier: str
    kind: str
    time_to_live: str
    over: int
    unit: str
    first_day: str
    end_day: str
    pico_usd: int | None
    as_of: str
    source: str
    line: int

class _Cost(TypedDict):
    state: str
    pico_usd: int | None
    flags: list[str]
    why: str
    parts: list[tuple[_PriceLine, int]]

class _Rates(TypedDict):
    state: str
    flags: list[str]
    lines: dict[str, _PriceLine]
    cache_times: int
    over: int

class PriceBook:
    """A book of prices: immutable."""

    @staticmethod
    def parse(text: str | bytes, file: str | bytes) -> PriceBook: ...
    @staticmethod
    def load(path: str | bytes) -> PriceBook: ...
    @staticmethod
    def shipped() -> PriceBook: ...
    @property
    def hash(self) -> str: ...
    @property
    def date(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def thresholds(self) -> list[int]: ...
    def lines(self) -> list[_PriceLine]: ...
    def canonical(self) -> str: ...
    def age_days(self, now: int) -> int: ...
    def is_old(self, now: int) -> bool: ...
    def price(
        self,
        model: str,
        region: str,
        serving: str,
        tier: str,
        end_us: int,
        input_tokens: int | None,
        cached_input_tokens: int | None,
        cache_write_tokens: int | None,
        output_tokens: int | None,
        total_tokens: int | None,
        meters: dict[str, int],
        input_of_each: int | None,
    ) -> _Cost: ...
    def serving_of(self, model: str, region: str) -> str: ...
    def rates(
        self,
        account: str,
        region: str,
        model: str,
        serving: str,
        tier: str,
        day: str,
        input_tokens: int | None,
    ) -> _Rates: ...

def served_model(model: str) -> tuple[str, str]: ...
def shipped_prices() -> str: ...
def shipped_usage_type_aliases() -> str: ...

class Operation:
    """One call: its decision, its attempts, and what comes next. Threads take turns."""

    def beside(
        self,
        method: str | bytes,
        url: object,
        headers: _Fields,
        body: Buffer | None,
        no_wait: bool = False,
    ) -> tuple[Operation, bool]: ...
    def ready(self, no_wait: bool = False, alone: bool = False) -> bool: ...
    def prepare(
        self,
        method: str | bytes,
        url: object,
        headers: _Fields,
        body: Buffer | None,
        no_wait: bool = False,
        sent: bool = False,
        /,
    ) -> tuple[list[tuple[bytes, ...]] | None, bytes | None, str | None, bool] | None: ...
    def sent(self) -> None: ...
    @overload
    def head(self, status: int, headers: _Fields = (), encoded: bool = False, /) -> _Plan: ...
    @overload
    def head(self, status: int, headers: _Fields, encoded: bool | None, /) -> _Plan | str: ...
    def send(
        self,
        timeout: float = 0.0,
        max_attempts: int = 0,
        on_body: Callable[[bytes], object] | None = None,
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes, int]: ...
    def feed(self, piece: bytes, /) -> bytes: ...
    def finish(self) -> tuple[bytes, str]: ...
    def fail(self, outcome: str, /) -> tuple[bytes, str]: ...
    companion: Any  # what else is to end with it
    @property
    def lacks_only_counts(self) -> bool: ...
    @property
    def hint(self) -> str | None: ...
    @property
    def decision(self) -> dict[str, Any]: ...
    @property
    def report(self) -> dict[str, Any]: ...
    @property
    def next(self) -> tuple[str, str, float]: ...
    @property
    def id(self) -> str: ...
    @property
    def attempts(self) -> int: ...

class Client:
    """Attributes, signs and accounts for requests."""

    def __init__(
        self,
        options: dict[str, str] = ...,
        *,
        credentials: Credentials | Callable[[], Credentials] | None = None,
        bearer_token: Callable[[], str] | None = None,
        bearer_token_refused: Callable[[str], object] | None = None,
        host_api_key: str = "",
        counters: UsageCounters | None = None,
        log: Callable[[int, str], object] | None = None,
        environment: Mapping[str, str] | None = None,
        on_usage: Callable[[dict[str, Any]], object] | None = None,
    ) -> None: ...
    def begin(
        self,
        method: str | bytes,
        url: object,
        headers: _Fields,
        body: Buffer | None,
        scope: str | None = None,
        project: str | None = None,
        no_wait: bool = False,
        after: Operation | None = None,
        labels: tuple[tuple[str, str], ...] | None = None,
        /,
    ) -> tuple[Operation, bool]: ...
    def check(
        self,
        method: str | bytes,
        url: object,
        headers: _Fields,
        body: Buffer,
        project: str | None = None,
        scope: str | None = None,
    ) -> None: ...
    def verify(
        self,
        *,
        project: str | None = None,
        model: str | None = None,
        api: str | None = None,
        url: str | None = None,
        headers: _Fields = (),
        force: bool = False,
        timeout: float = 20.0,
    ) -> dict[str, Any]: ...
    def usage(self) -> dict[str, _Totals]: ...

class BotocoreEvents:
    """Handlers of botocore's events, which follow a client's calls."""

    client: Client
    def __init__(
        self,
        frame: ContextVar[Any],
        everywhere: list[Any],
        read_stream: Callable[[Any, Operation], None],
        no_wait: bool,
    ) -> None: ...
    def write(self, **given: Any) -> Operation | None: ...
    def sent(self, **given: Any) -> None: ...
    def answered(self, **given: Any) -> Operation | None: ...
    def failed(self, **given: Any) -> None: ...

def fields_of_botocore_answer(headers: Any) -> tuple[tuple[str, str], ...]: ...

class BearerTokens:
    """Makes short-term Bedrock API keys and keeps the newest."""

    def __init__(
        self,
        region: str | None,
        expires_in: int,
        credentials: Credentials | Callable[[], Credentials] | None,
        warn: Callable[[str], object],
    ) -> None: ...
    @overload
    def get(self, time: int | None = None, alone: Literal[False] = False) -> tuple[str, int]: ...
    @overload
    def get(self, time: int | None = None, *, alone: bool) -> tuple[str, int] | None: ...
    def invalidate(self, token: str, time: int | None = None) -> bool: ...

class Cancel:
    def __init__(self) -> None: ...
    def request(self) -> None: ...

_Tags = list[tuple[str, str]]

class ProjectPages:
    def next(self, cancel: Cancel | None = None) -> list[dict[str, Any]] | None: ...

class Projects:
    def __init__(
        self,
        plane: str,
        options: dict[str, str] = ...,
        *,
        credentials: Credentials | Callable[[], Credentials] | None = None,
        bearer_token: Callable[[], str] | None = None,
        bearer_token_refused: Callable[[str], object] | None = None,
        log: Callable[[int, str], object] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None: ...
    def place(self) -> tuple[str, str, str]: ...
    def create(
        self, name: str, tags: _Tags, data_retention: str, cancel: Cancel | None = None
    ) -> dict[str, Any]: ...
    def get(self, project: str, cancel: Cancel | None = None) -> dict[str, Any]: ...
    def pages(self, include_archived: bool) -> ProjectPages: ...
    def update(
        self,
        project: str,
        name: str | None,
        data_retention: str | None,
        cancel: Cancel | None = None,
    ) -> dict[str, Any]: ...
    def tags(self, project: str, cancel: Cancel | None = None) -> _Tags: ...
    def add_tags(self, project: str, tags: _Tags, cancel: Cancel | None = None) -> None: ...
    def set_tags(self, project: str, tags: _Tags, cancel: Cancel | None = None) -> None: ...
    def remove_tags(self, project: str, keys: list[str], cancel: Cancel | None = None) -> None: ...
    def archive(self, project: str, cancel: Cancel | None = None) -> dict[str, Any]: ...

def json_set(body: Buffer, path: str, value: str | bytes, strict: bool = False) -> bytes: ...
def json_remove(body: Buffer, path: str, strict: bool = False) -> bytes: ...
def sign(
    method: str,
    url: str,
    headers: _Fields,
    body: Buffer,
    credentials: Credentials,
    region: str,
    service: str,
    time: int | None = None,
) -> dict[str, str]: ...
def check_labels(labels: tuple[tuple[str, str], ...] | None) -> None: ...
def tell_project_tags(project: str, tags: tuple[tuple[str, str], ...]) -> None: ...
def ledger_counts() -> dict[str, int]: ...
def budgets() -> list[dict[str, Any]]: ...
def configured_budgets(options: dict[str, str]) -> list[dict[str, Any]]: ...
def rebuild_budgets(options: dict[str, str], spent: list[int]) -> None: ...
def check_project_id(project_id: str, where: str = "project") -> None: ...
def check_project(project: str, where: str = "project") -> None: ...
def is_bedrock_host(host: str) -> bool: ...

class _Route(TypedDict):
    family: str
    pattern: str
    as_of: str
    source: str
    where: str

def find_route(model: str, file: str = "") -> _Route | None: ...
def shipped_routes() -> str: ...

class _Option(TypedDict):
    name: str
    type: str
    default: str
    choices: str
    minimum: int
    maximum: int
    description: str

def options() -> list[_Option]: ...
def unknown_variables() -> list[str]: ...

class SeenRows:
    """Which rows were read, by writer and number."""

    def __init__(self) -> None: ...
    def is_new(self, writer: str, seq: int) -> bool: ...
    def add(self, writer: str, begin: int, end: int) -> None: ...
    @property
    def doubled(self) -> int: ...
    def ranges(self) -> dict[str, list[tuple[int, int]]]: ...

_FaultAt = tuple[int, str, str]  # line, kind, reason

class RowLines:
    """Reads a file that comes in pieces."""

    def __init__(self, in_log: bool = False, lines_before: int = 0) -> None: ...
    def read(self, piece: Buffer, is_last: bool = False) -> tuple[list[str], list[_FaultAt]]: ...
    def sort(
        self, piece: Buffer, seen: SeenRows, is_last: bool = False
    ) -> tuple[dict[int, tuple[int, bytes]], list[_FaultAt], bool]: ...
    @property
    def lines(self) -> int: ...
    @property
    def bytes(self) -> int: ...

RowFile = tuple[bytes, int, bool]  # path, byte to begin at, whether it is a log
_Group = tuple[
    tuple[str | None, ...], int, int, int | None, int, int, int, list[int]
]  # texts, unit, days, band, facts, attempts, calls, sums

class RowSums:
    """What attempts add up to that no other row says more of."""

    def __init__(
        self,
        texts: Sequence[tuple[str, str]],  # column, and the item where it is a map
        unit_us: int = 0,
        days_us: Sequence[int] = (),
        thresholds: Sequence[int] = (),
        since_us: int | None = None,
        until_us: int | None = None,
    ) -> None: ...
    def read(
        self, files: Sequence[RowFile], rest: bytes
    ) -> tuple[dict[str, int], bytes, str]: ...  # faults, missing file, reason that it ended
    @property
    def is_exact(self) -> bool: ...
    def has_ended(self, op: str, attempt: int) -> bool: ...
    def has_response(self, response_id: str) -> bool: ...
    def groups(self) -> list[_Group]: ...

class RowTable:
    """Files that a database reads as a table, once."""

    def __init__(
        self,
        files: Sequence[RowFile],
        columns: Sequence[str],
        seen: SeenRows | None = None,
        joins_begins: bool = False,
    ) -> None: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    @property
    def faults(self) -> dict[str, int]: ...
    @property
    def missing(self) -> bytes: ...

def parse_row(line: bytes, in_log: bool = False) -> str | tuple[str, str] | None: ...
def row_columns() -> list[str]: ...
