"""The clients of the official SDKs, attributed: what `wrap`, `patch` and `project` are made of."""
