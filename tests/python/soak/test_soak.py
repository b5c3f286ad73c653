"""Must hold for as long as one likes: `pytest --soak-minutes 5` makes it five minutes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("anthropic")
pytest.importorskip("botocore.auth")

import costmark
from harness import REGION, Emulator, run_emulator
from soak.workload import FICKLE, KINDS, STEADY, Issuer, Load, Report, write_profile

MEGABYTE = 1 << 20


@pytest.mark.timeout(3600)
def test_every_attempt_verifies_whatever_fails_and_expires(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = request.config.getoption("--soak-minutes")
    projects = [word for each in (*STEADY, FICKLE) for word in ("--project", each)]
    with run_emulator(*projects) as emulator:
        issuer = Issuer(emulator)
        load = Load(emulator, sources(issuer, tmp_path, monkeypatch))
        report = load.run(60 * minutes)
        authorizations = emulator.fetch("/_emulator/authorizations")
        summary = summarize(report, authorizations, issuer)
        show(request, summary)
        assert not report.findings, report.findings[0]
        assert not authorizations["refused"], summary
        assert set(authorizations["accepted"]) == {"sigv4"}, summary
        assert issuer.calls > 2, summary  # they did expire
        assert len(report.succeeded) == KINDS, summary
        check_attempts(authorizations["accepted"]["sigv4"])
        check_tokens(emulator)
    if minutes >= 1:
        assert report.memory_late - report.memory_early < 50 * MEGABYTE, summary


def sources(issuer: Issuer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A callback, a container's endpoint and a program."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", issuer.url)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(write_profile(folder, issuer.url)))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    found: list[dict[str, Any]] = [{"region": REGION, "credentials": issuer}, {"region": REGION}]
    if shutil.which("curl"):
        found.append({"profile": "soak"})
    return found


def check_attempts(verified: int) -> None:
    """Every attempt of ours was seen there, but for those that were given up on their way."""
    used = costmark.usage()
    assert set(used) == {*STEADY, FICKLE}
    attempts = sum(each.attempts for each in used.values())
    assert verified <= attempts <= verified + used[FICKLE].attempts
    assert sum(each.failed_attempts for each in used.values()) > 0
    for each in used.values():
        assert 0 < each.operations <= each.attempts
        assert each.inconsistent == 0


def check_tokens(emulator: Emulator) -> None:
    """What the emulator billed for whole answers is what was counted here."""
    used, records = costmark.usage(), emulator.usage()
    for project in STEADY:
        mine = [record for record in records if record["project"] == project]
        whole = [record for record in mine if record["outcome"] in ("completed", "incomplete")]
        cut = [record for record in mine if record["outcome"] == "cut"]
        assert len(whole) + len(cut) == len(mine)
        counted = used[project].input_tokens, used[project].output_tokens
        for name, ours in zip(("input_tokens", "output_tokens"), counted, strict=True):
            least = sum(record[name] for record in whole)
            # A message begins with a count of 1 for the output that is to come.
            most = least + sum(max(1, record[name]) for record in cut)
            assert least <= ours <= most, (project, name)
            if not any(record["api"] == "messages" for record in cut):
                assert ours == least, (project, name)  # the others tell usage at their end only


def summarize(report: Report, authorizations: Any, issuer: Issuer) -> str:
    used = costmark.usage().values()
    return "\n".join(
        [
            f"signatures: {authorizations}",
            f"attempts {sum(u.attempts for u in used)}, operations"
            f" {sum(u.operations for u in used)}, failed attempts"
            f" {sum(u.failed_attempts for u in used)}, incomplete"
            f" {sum(u.incomplete_attempts for u in used)}",
            f"calls that succeeded: {dict(report.succeeded)}",
            f"calls that failed as they should: {dict(report.failed)}",
            f"the callback was asked {issuer.calls} times",
            f"memory: {report.memory_early // MEGABYTE} MB after a fifth of the time,"
            f" {report.memory_late // MEGABYTE} MB at the end",
        ]
    )


def show(request: pytest.FixtureRequest, summary: str) -> None:
    """Where somebody asked for a long run, say what it did."""
    if request.config.getoption("--soak-minutes") < 1:
        return
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{summary}")
