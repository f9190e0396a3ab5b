"""Tests of what the gateway records."""
