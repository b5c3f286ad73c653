"""The emulated APIs, one module each."""
