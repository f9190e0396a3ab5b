"""Tests of the layers that a call passes through."""
