from __future__ import annotations

import asyncio
import contextvars
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import costmark
from costmark import bind, current_project, project

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def test_scopes_nest() -> None:
    assert current_project() is None
    with project("a"):
        with project("b"):
            assert current_project() == "b"
        assert current_project() == "a"
    assert current_project() is None


def test_one_scope_may_be_entered_many_times() -> None:
    scope = project("a")
    with scope, project("b"), scope:
        assert current_project() == "a"
        with ThreadPoolExecutor(4) as pool:

            def inside(_: int) -> str | None:
                with scope, scope:
                    return current_project()

            assert set(pool.map(inside, range(20))) == {"a"}
    assert current_project() is None


def test_a_scope_ends_with_an_exception() -> None:
    with pytest.raises(KeyError), project("a"):
        raise KeyError
    assert current_project() is None


@pytest.mark.parametrize("name", ["", "a b", "a\r\nX: y", 'a"b', "é", "default", "a" * 129])
def test_a_bad_id_is_refused_at_construction(name: str) -> None:
    with pytest.raises(costmark.AttributionError) as caught:
        project(name)
    assert caught.value.code == "invalid_project"
    assert "\n" not in str(caught.value)


def test_an_id_is_text() -> None:
    with pytest.raises(TypeError):
        project(5)  # type: ignore[arg-type]


def test_decorated_functions() -> None:
    @project("a")
    def function(x: int, *, y: int = 2) -> tuple[int, str | None]:
        """Documented."""
        return x + y, current_project()

    assert function(1) == (3, "a")
    assert (function.__name__, function.__doc__) == ("function", "Documented.")
    assert current_project() is None
    with pytest.raises(TypeError):
        project("a")(int)


async def test_decorated_coroutine_functions() -> None:
    @project("a")
    async def function() -> str | None:
        await asyncio.sleep(0)
        return current_project()

    assert asyncio.iscoroutinefunction(function)
    assert await asyncio.gather(function(), function()) == ["a", "a"]
    assert current_project() is None


async def test_async_with() -> None:
    async with project("a"):
        assert current_project() == "a"
    assert current_project() is None


def test_decorated_generators_run_in_the_scope_and_leave_it_at_each_yield() -> None:
    seen = []

    @project("a")
    def numbers() -> Iterator[int]:
        try:
            got = yield 1
            seen.append((got, current_project()))
            try:
                yield 2
            except ValueError:
                seen.append(("thrown", current_project()))
            yield 3
        finally:
            seen.append(("closed", current_project()))

    values = numbers()
    assert next(values) == 1
    assert current_project() is None
    assert values.send("given") == 2  # type: ignore[attr-defined]
    assert values.throw(ValueError()) == 3  # type: ignore[attr-defined]
    values.close()  # type: ignore[attr-defined]
    assert seen == [("given", "a"), ("thrown", "a"), ("closed", "a")]


async def test_decorated_asynchronous_generators() -> None:
    @project("a")
    async def numbers() -> AsyncIterator[str | None]:
        for _ in range(2):
            await asyncio.sleep(0)
            yield current_project()

    seen = []
    async for value in numbers():
        seen += [value, current_project()]
    assert seen == ["a", None, "a", None]


def test_threads_do_not_inherit_a_scope_unless_bound() -> None:
    with ThreadPoolExecutor(1) as pool:
        with project("a"):
            plain = pool.submit(current_project)
            bound = pool.submit(bind(current_project))
            carried = bind(current_project)
        assert (plain.result(), bound.result()) == (None, "a")
        with project("b"):
            assert carried() == "a"
            assert current_project() == "b"


def test_bind_outside_of_scopes_means_no_scope() -> None:
    carried = bind(current_project)
    with project("a"):
        assert carried() is None
        assert current_project() == "a"


async def test_bound_coroutine_functions() -> None:
    async def which() -> str | None:
        await asyncio.sleep(0)
        return current_project()

    with project("a"):
        carried = bind(which)
    assert await asyncio.create_task(carried()) == "a"


async def test_tasks_inherit_and_do_not_disturb_each_other() -> None:
    async def work(name: str) -> str | None:
        with project(name):
            for _ in range(5):
                await asyncio.sleep(0)
                assert current_project() == name
        return current_project()

    with project("outer"):
        results = await asyncio.gather(*(work(f"p{i}") for i in range(20)))
    assert set(results) == {"outer"}


def test_a_bound_generator_dropped_elsewhere_leaves_that_place_alone() -> None:
    def inside() -> None:
        with project("a"):
            carried = bind(slow)
            values.append(carried())
            next(values[0])

    def slow() -> Iterator[str | None]:
        while True:
            yield current_project()

    values: list[Iterator[str | None]] = []
    contextvars.copy_context().run(inside)
    with project("b"):
        assert next(values[0]) == "a"
        values.clear()
        gc.collect()
        assert current_project() == "b"
