"""What people may send: forms validate and hand over frozen values; they do not save."""
