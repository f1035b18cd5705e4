"""The studio in a real browser, with its own web process, worker and sandbox."""
