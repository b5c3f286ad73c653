"""What the calls of this process used, by project."""

from __future__ import annotations

from dataclasses import dataclass

from . import _core


@dataclass(frozen=True)
class ProjectUsage:
    """The sums of one project: counts over operations, tokens over attempts, as the server told.

    ``input_tokens`` includes the cached ones, ``output_tokens`` the reasoning ones.
    """

    operations: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    incomplete_attempts: int = 0
    open_attempts: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    inconsistent: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class RequestCounts:
    """Requests that went out with a gap in their attribution; each attempt counts.

    ``unattributed`` ones may cost money and named no project, or ``default``. ``unrecognized`` ones
    went to no known route: they passed unedited, at an unknown cost.
    """

    unattributed: int = 0
    unrecognized: int = 0


# Shared by every client of the process.
counters = _core.UsageCounters()


def usage() -> dict[str, ProjectUsage]:
    """Return what was counted so far, by project id; calls without a project under ``default``."""
    return {project: ProjectUsage(**sums) for project, sums in counters.snapshot().items()}


def request_counts() -> RequestCounts:
    """Return how many requests went out with a gap in their attribution so far."""
    return RequestCounts(**counters.requests())


def reset_usage() -> None:
    """Start counting from zero."""
    counters.reset()
