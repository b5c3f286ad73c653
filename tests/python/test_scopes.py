from __future__ import annotations

import asyncio
import contextvars
import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


@pytest.mark.parametrize("name", ["a b", 'a"b', "é", "My app (prod)", "é" * 127])
def test_what_may_be_a_name_is_left_to_the_client(name: str) -> None:
    assert project(name).id == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a\r\nX: y", "default", "a" * 129, "é" * 128, "ABSKkey+", "arn:aws:s3:::bucket"],
)
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


# --- Other orders ---------------------------------------------------------------------------------


def test_scopes_that_are_left_out_of_order() -> None:
    first, second, third = project("a"), project("b"), project("c")
    with project("outer"):
        for scope in (first, second, third):
            scope.__enter__()
        second.__exit__(None, None, None)
        assert current_project() == "c"
        first.__exit__(None, None, None)
        assert current_project() == "c"
        third.__exit__(None, None, None)
        assert current_project() == "outer"
    assert current_project() is None


def test_the_same_id_out_of_order() -> None:
    with project("outer"):
        first, second = project("a"), project("a")
        first.__enter__()
        inner = project("b")
        inner.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert current_project() == "a"
        second.__exit__(None, None, None)
        assert current_project() == "b"
        inner.__exit__(None, None, None)
        assert current_project() == "outer"


def stepping(name: str) -> Iterator[str | None]:
    with project(name):
        while True:
            yield current_project()


def test_a_generator_that_is_suspended_in_a_scope() -> None:
    values = stepping("g")
    with project("outer"):
        assert next(values) == "g"
        assert current_project() == "g"  # it shares the context
    assert current_project() is None
    values.close()  # type: ignore[attr-defined]
    assert current_project() is None


def test_a_generator_that_ends_inside_of_a_later_scope() -> None:
    values = stepping("g")
    with project("outer"):
        next(values)
        with project("later"):
            values.close()  # type: ignore[attr-defined]
            assert current_project() == "later"
        assert current_project() == "outer"


def test_generators_that_take_turns() -> None:
    with project("outer"):
        one, two = stepping("one"), stepping("two")
        next(one)
        next(two)
        one.close()  # type: ignore[attr-defined]
        two.close()  # type: ignore[attr-defined]
        assert current_project() == "outer"
    assert current_project() is None


async def test_an_asynchronous_generator_that_is_suspended_in_a_scope() -> None:
    async def values() -> AsyncIterator[str | None]:
        async with project("g"):
            while True:
                yield current_project()

    steps = values()
    async with project("outer"):
        assert await steps.__anext__() == "g"
    assert current_project() is None
    await steps.aclose()  # type: ignore[attr-defined]
    assert current_project() is None


def test_a_context_manager_made_of_a_generator() -> None:
    @contextmanager
    def tenant(name: str) -> Iterator[None]:
        with project(name):
            yield

    with project("outer"):
        with tenant("a"):
            assert current_project() == "a"
            with tenant("b"), project("c"):
                assert current_project() == "c"
            assert current_project() == "a"
        assert current_project() == "outer"


@pytest.mark.parametrize("kind", ["project", "bind"])
def test_a_decorated_generator_keeps_what_it_entered_to_itself(kind: str) -> None:
    def numbers() -> Iterator[str | None]:
        yield current_project()
        with project("inner"):
            yield current_project()
            yield current_project()
        yield current_project()

    with project("a"):
        carried = bind(numbers) if kind == "bind" else project("a")(numbers)
    seen = []
    values = carried()
    for caller in ("one", "two", "three", "four"):
        with project(caller):
            seen.append(next(values))
            assert current_project() == caller
    assert seen == ["a", "inner", "inner", "a"]
    assert current_project() is None


async def test_a_decorated_asynchronous_generator_keeps_what_it_entered_to_itself() -> None:
    @project("a")
    async def numbers() -> AsyncIterator[str | None]:
        with project("inner"):
            yield current_project()
            await asyncio.sleep(0)
            yield current_project()
        yield current_project()

    seen = []
    async for value in numbers():
        seen += [value, current_project()]
    assert seen == ["inner", None, "inner", None, "a", None]


async def test_a_task_keeps_the_scope_that_was_left_meanwhile() -> None:
    began = asyncio.Event()

    async def work() -> list[str | None]:
        seen = [current_project()]
        with project("inner"):
            began.set()
            await asyncio.sleep(0.01)
            seen.append(current_project())
        return [*seen, current_project()]

    with project("outer"):
        task = asyncio.create_task(work())
        await began.wait()
    assert await task == ["outer", "inner", "outer"]
