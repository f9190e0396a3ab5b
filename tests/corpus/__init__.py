"""Hostile clients as data, and what the gateway owes to each; drivers play them in process and on sockets."""
