"""Who sent a request: signatures, bearer tokens, issued credentials."""
