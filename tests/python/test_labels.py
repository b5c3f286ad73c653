from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import costmark
from costmark import bind, current_labels, current_project, labels, project

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def test_scopes_merge() -> None:
    assert current_labels() == {}
    with labels(feature="search", user="ann"):
        with labels({"cost-center": "12"}, user="bob"):
            merged = {"feature": "search", "user": "bob", "cost-center": "12"}
            assert current_labels() == merged
        assert current_labels() == {"feature": "search", "user": "ann"}
    assert current_labels() == {}


def test_labels_and_projects_do_not_disturb_each_other() -> None:
    with labels(a="1"), project("p"), labels(b="2"), project("q"):
        assert current_labels() == {"a": "1", "b": "2"}
        assert current_project() == "q"
    with project("p"), labels(a="1"):
        assert (current_project(), current_labels()) == ("p", {"a": "1"})
    assert (current_project(), current_labels()) == (None, {})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"": "x"}, "the name of label 1 is empty"),
        ({"user": "secret\x1b[2J"}, "the value of label 'user' has control characters"),
        ({"user": "secret\x9b2J"}, "control characters"),
        ({"n" * 129: "x"}, "129 bytes"),
        ({str(number): "x" for number in range(17)}, "17 labels are given; a call may have 16"),
        ({"user": "secret" * 400}, "2404 bytes"),
    ],
)
def test_bad_labels_are_refused_where_they_are_set(given: dict[str, str], fault: str) -> None:
    with pytest.raises(costmark.RequestError, match=fault) as caught:
        labels(given)
    assert caught.value.code == "invalid_argument"
    assert "secret" not in str(caught.value)


def test_a_name_and_a_value_are_texts() -> None:
    with pytest.raises(TypeError, match="label 'user': names and values are texts, not int"):
        labels(user=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not int"):
        labels({7: "a"})  # type: ignore[dict-item]


def test_scopes_that_are_too_much_together_are_refused_at_the_inner_one() -> None:
    inner = labels({str(number): "x" for number in range(16)})
    with inner:
        assert len(current_labels()) == 16
    with labels(user="ann"):
        with pytest.raises(costmark.RequestError, match="17 labels"), inner:
            pytest.fail("it was entered")
        assert current_labels() == {"user": "ann"}
    with labels({"3": "y"}), inner:
        assert current_labels()["3"] == "x"


def test_values_are_not_shown() -> None:
    assert repr(labels(user="ann", feature="search")) == "labels('user', 'feature')"


def test_scopes_that_are_left_out_of_order() -> None:
    first, second, third = labels(a="1"), labels(b="2"), labels(a="3")
    for each in (first, second, third):
        each.__enter__()
    second.__exit__(None, None, None)
    assert current_labels() == {"a": "3"}
    third.__exit__(None, None, None)
    assert current_labels() == {"a": "1"}
    first.__exit__(None, None, None)
    assert current_labels() == {}


def test_the_outermost_is_left_first() -> None:
    first, inner, second = labels(a="1"), project("p"), labels(b="2")
    for each in (first, inner, second):
        each.__enter__()  # type: ignore[attr-defined]
    first.__exit__(None, None, None)
    assert (current_project(), current_labels()) == ("p", {"b": "2"})
    inner.__exit__(None, None, None)
    assert (current_project(), current_labels()) == (None, {"b": "2"})
    second.__exit__(None, None, None)
    assert current_labels() == {}


def test_threads_have_none_unless_bound() -> None:
    with ThreadPoolExecutor(1) as pool, labels(a="1"), project("p"):
        assert pool.submit(current_labels).result() == {}
        assert pool.submit(bind(current_labels)).result() == {"a": "1"}
        bound = bind(lambda: (current_project(), current_labels()))
    with labels(b="2"):
        assert bound() == ("p", {"a": "1"})  # as it was where it was bound


def test_decorated_functions_and_generators() -> None:
    @labels(a="1")
    def function() -> dict[str, str]:
        return current_labels()

    @labels(a="1")
    def generator() -> Iterator[dict[str, str]]:
        yield current_labels()
        with labels(b="2"):
            yield current_labels()

    assert function() == {"a": "1"}
    seen = []
    for inside in generator():
        seen.append(inside)
        assert current_labels() == {}
    assert seen == [{"a": "1"}, {"a": "1", "b": "2"}]
    with pytest.raises(TypeError, match=r"labels\(\) decorates functions"):
        labels(a="1")(int)


def test_a_generator_that_is_suspended_in_a_scope() -> None:
    def numbers() -> Iterator[int]:
        with labels(inside="1"):
            yield 1

    with labels(outside="1"):
        running = numbers()
        next(running)
    assert current_labels() == {}
    running.close()
    assert current_labels() == {}


async def test_asynchronous_generators_and_async_with() -> None:
    @labels(a="1")
    async def generator() -> AsyncIterator[dict[str, str]]:
        yield current_labels()

    async with labels(b="2"):
        assert [inside async for inside in generator()] == [{"b": "2", "a": "1"}]
        assert current_labels() == {"b": "2"}
    assert current_labels() == {}


def test_many_threads_enter_one_scope() -> None:
    scope = labels(shared="1")
    wrong: list[Any] = []
    start = threading.Barrier(8)

    def run(number: int) -> None:
        start.wait()
        own = labels(thread=str(number))
        for _ in range(500):
            with scope, own:
                if current_labels() != {"shared": "1", "thread": str(number)}:
                    wrong.append(current_labels())

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
