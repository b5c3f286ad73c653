"""`Client`: attribution, signing and counting for code that speaks HTTP itself, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._waiting import interruptible
from ..errors import Error
from .wrap import Given, core_for_origin, specify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from .. import _core
    from .wrap import Credentials, Token

    Headers = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


class Client:
    """Prepares, sends and observes requests without an SDK.

    ::

        client = costmark.Client(
            base_url="https://bedrock-mantle.us-east-1.api.aws/v1", project="proj_support"
        )
        answer = client.send("POST", "/chat/completions", body=b'{"model": ...}')

    costmark sends over libcurl: see docs/send.md. Code with an HTTP stack of its own prepares a
    request, sends what it gets, and shows it the answer::

        prepared = client.prepare("POST", "/chat/completions", body=body)
        connection.request(prepared.method, prepared.target, prepared.body, prepared.headers)
        answer = connection.getresponse()
        with prepared.observe(answer.status, answer.getheaders()) as observed:
            for piece in iter(lambda: answer.read1(), b""):
                show(observed.feed(piece))
            show(observed.finish())

    The arguments are those of `wrap`. A `url` without a scheme is one below `base_url`.
    A client may be used by any number of threads.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        project: str | None = None,
        credentials: Credentials | None = None,
        bearer_token: Token | None = None,
        **options: object,
    ) -> None:
        self._base_url = None if base_url is None else base_url.rstrip("/")
        given = Given(project, credentials, bearer_token, options)
        del bearer_token, options  # not for tracebacks
        self._core = core_for_origin(specify(given), self._base_url)

    def __repr__(self) -> str:
        return f"Client({'' if self._base_url is None else repr(self._base_url)})"

    def prepare(
        self, method: str, url: str, *, headers: Headers = (), body: bytes | str = b""
    ) -> Prepared:
        """Attribute and sign a request, which is then on its way.

        Raises `AttributionError` where a policy refuses it; then nothing may be sent.
        """
        operation, data, whole_url, fields = self._begin(method, url, headers, body)
        found = operation.prepare(method, whole_url, fields, data, False, True)
        if found is None:  # only with `no_wait`
            raise AssertionError("a prepared request would block")
        changed, new_body, new_url, _ = found
        return Prepared(
            operation,
            method,
            whole_url if new_url is None else new_url,
            [(_text(name), _text(value)) for name, value in (changed or fields)],
            data if new_body is None else new_body,
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes | str = b"",
        timeout: float | None = None,
        max_attempts: int | None = None,
        on_body: Callable[[bytes], object] | None = None,
    ) -> Answer:
        """Prepare, send and observe a request; again where that helps.

        `timeout`, in seconds, is for all attempts together; it and `max_attempts` are by default
        those of the options. `on_body` is called with each piece of an answer whose status is below
        300, as it comes; what it raises ends the call. Without it the body is gathered.

        Raises `TransportError` when no answer came.
        """
        operation = self._begin(method, url, headers, body)[0]

        def send() -> Any:
            return operation.send(timeout or 0.0, max_attempts or 0, on_body)

        try:
            found = interruptible(send) if on_body is None else send()
        except Error as error:
            if error.code == "stopped_by_callback" and error.__cause__ is not None:
                raise error.__cause__ from None
            raise
        status, fields, content, attempts = found
        return Answer(
            status, [(_text(name), _text(value)) for name, value in fields], content, attempts
        )

    def _begin(
        self, method: str, url: str, headers: Headers, body: bytes | str
    ) -> tuple[_core.Operation, bytes, str, list[tuple[str | bytes, str | bytes]]]:
        data = body.encode() if isinstance(body, str) else bytes(body)
        is_below = url.startswith("/") or "://" not in url.partition("?")[0]
        whole_url = f"{self._base_url or ''}/{url.removeprefix('/')}" if is_below else url
        pairs: Any = headers.items() if hasattr(headers, "items") else headers
        fields = [(name, value) for name, value in pairs]
        if data and not any(_text(name).lower() == "content-type" for name, _ in fields):
            fields.append(("content-type", "application/json"))
        operation = self._core.begin(method, whole_url, fields, data)
        return operation, data, whole_url, fields


class Answer(NamedTuple):
    """What a server has answered to `Client.send`."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    attempts: int

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)


class Prepared:
    """A request that is to be sent exactly as it stands here.

    Its headers may hold a signature or a token. They need no ``Host`` beside what the HTTP stack
    sets by itself. Sent again, it is to be prepared again.
    """

    __slots__ = ("_operation", "body", "headers", "method", "url")

    def __init__(
        self,
        operation: _core.Operation,
        method: str,
        url: str,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> None:
        self._operation = operation
        self.method = method
        self.url = url
        self.headers = dict(headers)
        self.body = body

    def __repr__(self) -> str:
        return (
            f"Prepared({self.method!r}, {self.url.partition('?')[0]!r}, project={self.project!r})"
        )

    @property
    def target(self) -> str:
        """The URL without scheme and host, as ``http.client`` takes it."""
        return "/" + self.url.partition("://")[2].partition("/")[2]

    @property
    def project(self) -> str | None:
        """The project that pays; None when none is named."""
        project: str | None = self._operation.decision["project"]
        return project

    def observe(self, status: int, headers: Headers = (), *, encoded: bool = False) -> Observation:
        """Read the answer along. `encoded` says that its body will be fed as Content-Encoding left
        it, which is then not read."""
        pairs: Any = headers.items() if hasattr(headers, "items") else headers
        self._operation.head(status, list(pairs), encoded)
        return Observation(self._operation)

    def fail(self) -> None:
        """Say that no answer came."""
        self._operation.fail("error")


class Observation:
    """The body of an answer on its way to the caller. Left without `finish`, it was given up."""

    __slots__ = ("_open", "_operation")

    def __init__(self, operation: _core.Operation) -> None:
        self._operation = operation
        self._open = True

    def feed(self, piece: bytes) -> bytes:
        """Read a piece, and return what to pass on of it: all but what only costmark asked for."""
        return self._operation.feed(piece) if self._open else piece

    def finish(self) -> bytes:
        """Say that this was all; returns what was held back."""
        if not self._open:
            return b""
        self._open = False
        return self._operation.finish()[0]

    def __enter__(self) -> Observation:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open:
            self._open = False
            self._operation.fail("incomplete" if isinstance(exc, Exception) else "cancelled")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
