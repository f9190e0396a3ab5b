"""Tests of decisions about time and failure."""
