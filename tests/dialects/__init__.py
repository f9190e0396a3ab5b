"""Tests of the dialects: tables of bytes."""
