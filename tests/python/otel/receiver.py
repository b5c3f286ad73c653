"""An OTLP receiver: what exporters send to it over HTTP, decoded by the protocol's own messages."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    Point = tuple[dict[str, Any], Any]

_MESSAGES = {
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
    "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
}


class Receiver:
    """What has come so far; of metrics, which are cumulative, the last."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.metrics: dict[str, Any] = {}
        self.spans: list[Any] = []

    def take(self, request: Any) -> None:
        for resource in getattr(request, "resource_metrics", ()):
            for scope in resource.scope_metrics:
                self.metrics.update((metric.name, metric) for metric in scope.metrics)
        for resource in getattr(request, "resource_spans", ()):
            for scope in resource.scope_spans:
                self.spans += scope.spans

    def points(self, name: str) -> list[Point]:
        metric = self.metrics[name]
        kind = metric.WhichOneof("data")
        return [
            (attributes_of(point), point.as_int if kind == "sum" else point)
            for point in getattr(metric, kind).data_points
        ]

    def total(self, name: str, **attributes: str) -> int:
        """The sum of a counter over the points with these attributes."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        metric = self.metrics.get(name)
        if metric is None:
            return 0
        assert metric.sum.is_monotonic
        return sum(value for found, value in self.points(name) if wanted.items() <= found.items())


def attributes_of(message: Any) -> dict[str, Any]:
    found = {}
    for each in message.attributes:
        assert each.key not in found
        found[each.key] = getattr(each.value, each.value.WhichOneof("value"))
    return found


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        request, response = _MESSAGES[self.path]
        self.server.receiver.take(request.FromString(body))
        answer = response().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class _Server(ThreadingHTTPServer):
    receiver: Receiver


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.receiver
        server.shutdown()
        thread.join()
