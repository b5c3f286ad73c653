"""A month of attributed calls in a minute, at a local Bedrock.

Run it with ``costmark demo``. It starts the emulator, makes two projects out of a file, calls them
from Python, with boto3 and from C, runs an experiment, and is stopped by a budget. Then days pass;
it reads the bill with boto3, lays the ledger beside it, and writes two pages. The exit status is 0
when client, server and bill agree.
"""

from __future__ import annotations

from .story import main

__all__ = ["main"]
