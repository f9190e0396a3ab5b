"""Tests of the object graph and its life."""
