"""A local Bedrock for development and tests.

The emulator is independent of the rest of the package on purpose: it checks signatures with
botocore and keeps usage records of its own, so that what costmark signs and counts can be
compared with an independent implementation.

Where AWS documents nothing and no measurement is published, the emulator chooses, and says so here:

* inference in an archived project is a 400 with the code `project_archived`;
* projects are listed without the archived ones unless `include_archived=true`, in pages of
  `limit` (20, at most 100) after the id `after`;
* one project more than the account may have is a 400 with the code `service_quota_exceeded`;
* the `default` project cannot be renamed, tagged or archived; archiving twice changes nothing;
* `tags` in an update, repeated members of a body and repeated carrier headers are refused;
* a body member `project_id` names the project too, as gateways in front of Bedrock have it;
* a background response ends `--background-s` seconds after it was created, whether or not it is
  read, and is recorded then; it is queued for the first quarter of that time;
* one that is cancelled or deleted while it is queued costs nothing; in progress, it costs its
  input and the output until then; one that fails costs nothing;
* the stream of a background response ends without another event when it is cancelled;
* under `--policy`, CreateProject and ListProjects need the resource `*`, since `project/*` was seen
  to be refused; creating with tags needs TagResource on `project/*`; counting tokens needs
  CountTokens; the right is asked for before it is looked up whether a project exists;
* a response can be continued (`previous_response_id`) once it is completed or incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the emulator's command line and return the exit status."""
    from .command import main as run

    return run(argv)
