"""The APIs of `bedrock-runtime`: Converse and InvokeModel, whole and streamed."""
