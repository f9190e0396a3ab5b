"""Bytes to typed values and back: no Twisted, no I/O, no clock."""
