"""The command ``costmark``: one module for each of its commands."""
