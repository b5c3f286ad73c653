"""The bodies of models, as InvokeModel takes and gives them: one module a family."""
