"""The only code that writes: functions named by verbs, which take a person and plain values."""
