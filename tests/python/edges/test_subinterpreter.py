"""The core works in the main interpreter alone, and says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
if sys.argv[1] == "after":
    from costmark import _core
interpreters.run_string(interpreters.create(), '''
import costmark
try:
    costmark.project("proj_a")
except ImportError as error:
    print(error)
''')
"""


@pytest.mark.parametrize("when", ["first", "after"])
def test_a_subinterpreter_gets_an_import_error(when: str) -> None:
    command = [sys.executable, "-c", PROGRAM, when]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "subinterpreter" in ended.stdout
