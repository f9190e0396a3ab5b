"""Tests of the application in front of clients, in memory."""
