"""What commands print on terminals that are narrower than it."""

from __future__ import annotations

import io
import sys

import pytest

from costmark.cli.doctor.check import Check, Page
from costmark.cli.output import complain, fitted

REMEDY = "costmark projects tag proj_5d5ykleja6cwpirysbb7 costmark_project=VALUE team=VALUE"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return stream


def test_the_doctor_fits_a_terminal_and_breaks_between_words(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal)
    page = Page()
    page.add([Check("tags", "red", f"it has no tag {'costmark_project, ' * 6}", REMEDY, "seconds")])
    lines = page.text().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > 6
    assert all(line.startswith(" " * 30) for line in lines[1:-2])
    assert " ".join(page.text().split()).count(REMEDY) == 1


def test_what_is_no_terminal_gets_long_lines() -> None:
    text = "word " * 100
    assert fitted(text, io.StringIO(), "name  ") == [f"name  {text}"]


def test_tokens_stay_whole(terminal: Terminal) -> None:
    url = "https://" + "a-b." * 30
    assert f"    {url}" in fitted(f"it is {url} there", terminal, "    ")


def test_a_command_to_copy_stays_whole(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    command = f"  aws iam put-user-policy --policy-document '{'x ' * 60}'"
    complain(f"{'no right ' * 20}\n\n{command}")
    lines = terminal.getvalue().splitlines()
    assert lines[-1] == command
    assert max(map(len, lines[:-1])) <= 80
    assert lines[0].startswith("costmark: no right")


def test_a_terminal_that_is_narrower_than_the_names(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    assert fitted("some text", terminal, " " * 12) == [" " * 12 + "some text"]
