"""HTTP libraries as a whole: every request to a covered host."""
