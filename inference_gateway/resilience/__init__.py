"""Decisions about time and failure; no I/O."""
