"""Measures the studio as real processes, beside the official SDK; nothing of the studio imports it."""
