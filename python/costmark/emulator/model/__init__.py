"""The pretend language models: tokens, prompts and answers that follow from the request alone."""
