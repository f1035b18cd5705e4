"""Reads of the ledger: what was spent, what will be, and how far budgets go; writes nothing."""
