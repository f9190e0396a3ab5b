"""Tests of how models find their providers."""
