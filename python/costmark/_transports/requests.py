"""requests: sends with urllib3, and follows redirects itself, each as a call of its own."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from . import state
from .urllib3 import course_of, on_course

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def hook(package: str) -> list[state.Hook]:
    """Return what to put in place of what."""
    mixin = sys.modules[package].sessions.SessionRedirectMixin
    return [state.Hook(mixin, "resolve_redirects", _following)]


def _following(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def resolve_redirects(self: Any, resp: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        course = course_of(resp.raw)
        responses = original(self, resp, *args, **kwargs)
        while True:
            with on_course(course):
                try:
                    response = next(responses)
                except StopIteration:
                    return
            yield response

    return resolve_redirects
