from __future__ import annotations

import itertools

import pytest

pytest.importorskip("openai")

from typing import TYPE_CHECKING

from adapters.clients import create_project, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness import Emulator

_numbers = itertools.count(1)


@pytest.fixture
def new_project(bedrock: Emulator) -> Iterator[Callable[[], str]]:
    """Creates projects on the emulator."""
    with signed(bedrock) as client:
        yield lambda: create_project(client, f"project {next(_numbers)}")


@pytest.fixture
def project_a(new_project: Callable[[], str]) -> str:
    return new_project()


@pytest.fixture
def project_b(new_project: Callable[[], str]) -> str:
    return new_project()
