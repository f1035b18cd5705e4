"""Reads across tables for pages: lists, lineage, waits, batches; writes nothing."""
