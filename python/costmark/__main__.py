"""``costmark`` and ``python -m costmark``: the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line, and return the exit status.

    Commands take a moment to load, and an interrupt may come already then.
    """
    try:
        from .cli.main import main as run

        return run()
    except KeyboardInterrupt:
        print("costmark: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
