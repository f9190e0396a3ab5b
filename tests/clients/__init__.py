"""Unmodified client libraries against a real gateway, on every route that they know."""
