"""What comes over the wire and goes back: requests, JSON, errors, event streams."""
