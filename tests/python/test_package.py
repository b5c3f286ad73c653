from __future__ import annotations

import json
import logging
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import costmark
from costmark import _core, errors
from costmark.cli.main import main
from ledger.segments import attempt, write_segment

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
# Files, Go, and attributes of spans.
NO_PYTHON = {
    *("costmark.h", "costmark.hpp", "costmark.pc", "costmark.lock", "costmark.WithProject"),
    *("costmark.attempts", "costmark.cost.pico_usd", "costmark.cost.state"),
    *("costmark.toml", "costmark.NewProjects"),
    *("costmark.operation.id", "costmark.project.id", "costmark.tag.NAME"),
}


def run_python(code: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, *arguments, "-c", code], capture_output=True, text=True, check=True
    )
    return result.stdout + result.stderr


def test_exports_are_exactly_these() -> None:
    assert set(costmark.__all__) == {
        *(
            "__version__",
            "wrap",
            "unwrap",
            "patch",
            "unpatch",
            "project",
            "current_project",
            "labels",
            "current_labels",
            "bind",
        ),
        *("options", "experiment", "projects", "Projects", "AsyncProjects", "Project"),
        *("coverage", "Coverage", "Client", "HTTPTransport", "AsyncHTTPTransport"),
        *("usage", "reset_usage", "ProjectUsage", "ModelUsage", "Answer"),
        *("request_counts", "RequestCounts", "ledger_counts", "LedgerCounts"),
        *("budgets", "Budget", "override_budgets", "BudgetError"),
        *("Credentials", "sign", "jsonedit", "prices"),
        *("ledger", "reports", "export", "bill", "otel"),
        *("token", "token_provider", "async_token_provider", "route_of", "Route"),
        *("verify", "averify", "Verification"),
        *("Error", "RequestError", "ConfigurationError", "AttributionError", "CredentialsError"),
        *("TransportError", "ServiceError", "InternalError"),
    }
    for name in costmark.__all__:
        assert getattr(costmark, name) is not None
    assert set(costmark.__all__) <= set(dir(costmark))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = costmark.nothing  # type: ignore[attr-defined]


def test_import_loads_nothing_heavy() -> None:
    heavy = {"openai", "httpx", "httpx2", "boto3", "botocore", "asyncio", "ssl", "rich"}
    heavy |= {"starlette", "pydantic", "logging", "json", "inspect", "dataclasses", "typing"}
    bare = set(run_python("import sys; print(*sys.modules)").split())
    loaded = set(run_python("import sys, costmark; print(*sys.modules)").split())
    assert not (loaded - bare) & heavy


def test_lines_of_the_docs_work_after_import_costmark_alone(tmp_path: Path) -> None:
    """Each whole expression that the docs have "In Python", as it is written."""
    write_segment(tmp_path / "ledger", [attempt(0)])
    texts = [path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))]
    found = [
        line.replace("out=...", "out='metrics.prom'")
        for text in texts
        for line in re.findall(r"In Python:\s+`(costmark\.[^`]+\))`", text)
    ]
    assert len(found) >= 4
    for line in found:
        code = f"import costmark, os; folder = {str(tmp_path / 'ledger')!r}; "
        run_python(f"{code}os.chdir({str(tmp_path)!r}); {line}")


def test_names_of_the_docs_are_there_after_import_costmark_alone() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*DOCS.glob("*.md"), README)]
    found = {
        name
        for text in texts
        for name in re.findall(r"`(?:with )?(costmark(?:\.[A-Za-z_]+)+)[(`]", text)
        if name not in NO_PYTHON
    }
    assert {"costmark.ledger", "costmark.otel.Telemetry", "costmark.bill.reconcile"} <= found
    code = "import costmark\nfor name in {!r}: eval(name)"
    run_python(code.format(sorted(found)))


def test_a_submodule_that_is_none_is_an_attribute_error() -> None:
    for package in (costmark.reports, costmark.export):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = package.nothing


def test_patch_and_wrap_are_the_first_to_load_openai() -> None:
    code = "import sys, costmark; costmark.wrap, costmark.usage(); print('openai' in sys.modules)"
    assert run_python(code).strip() == "False"


def test_options_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["options"]) == 0
    shown = capsys.readouterr().out
    for option in _core.options():
        assert f"{option['name']}  (" in shown
        assert f"COSTMARK_{option['name'].upper()}" in shown
    assert "auto, bearer, none, sigv4, default auto" in shown


def test_version_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"costmark {costmark.__version__}\n"


def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: costmark" in capsys.readouterr().out


def test_every_error_pickles_with_its_attributes() -> None:
    for name in errors.__all__:
        cls = getattr(errors, name)
        error = cls("what", code="c", offset=3, status=429, request_id="r", retryable=True)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is cls
        assert issubclass(cls, costmark.Error)
        assert (str(again), vars(again)) == ("what", vars(error))


def test_every_code_of_the_core_has_a_class_by_remedy() -> None:
    for code, cls in errors._BY_CODE.items():
        error = errors._from_core(code, "m", None, 0, "", False)
        assert (type(error), error.code, error.status, error.request_id) == (cls, code, None, None)
    assert type(errors._from_core("new_code", "m", None, 0, "", False)) is costmark.InternalError


def test_credentials_show_no_secret() -> None:
    credentials = costmark.Credentials("AKIDEXAMPLE", "very-secret", "token-secret")
    assert repr(credentials) == "Credentials(access_key_id='AKIDEXAMPLE', source='static')"
    assert credentials.expires_at is None
    assert costmark.Credentials("AK", "s", expires_at=12.7).expires_at == 12


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("AK", 5), {}),
        (("AK", "very-secret", "token", "one-too-many"), {}),
        (("AK", "very-secret"), {"unknown": "x"}),
        (("AK", "very-secret"), {"access_key_id": "AK"}),
        (("AK", "very-secret"), {"expires_at": "very-secret"}),
        (("AK",), {}),
    ],
)
def test_wrong_arguments_of_credentials_stay_secret(
    arguments: tuple[object, ...], named: dict[str, object]
) -> None:
    with pytest.raises(TypeError) as caught:
        costmark.Credentials(*arguments, **named)  # type: ignore[arg-type]
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize("fields", [("", "s"), ("a", ""), ("a\n", "s"), ("a", "s\r\n")])
def test_unusable_credentials_are_refused(fields: tuple[str, str]) -> None:
    with pytest.raises(costmark.CredentialsError) as caught:
        costmark.Credentials(*fields)
    assert caught.value.code == "no_credentials"


def test_log_lines_of_the_core_reach_the_logger(caplog: pytest.LogCaptureFixture) -> None:
    from costmark._client.core_client import CoreClient

    class Request:
        method, url, extensions = "POST", "http://gateway.example/v1/chat/completions", {}
        _content = b'{"model": "m"}'

        class stream:  # noqa: N801
            _stream = b'{"model": "m"}'

        class headers:  # noqa: N801
            raw = ((b"content-type", b"application/json"),)

    with caplog.at_level(logging.WARNING, "costmark"):
        core = CoreClient({"unattributed": "warn"})
        operation = core.claim(Request).take()
        assert operation is not None
        core.prepare(operation, Request)
    assert any("project" in record.message for record in caplog.records)
    assert json.dumps([r.name for r in caplog.records]).count("costmark") == len(caplog.records)
