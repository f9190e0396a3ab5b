"""Tests with a real llama.cpp: its own HTTP server, with a tiny model that is made on the spot."""
