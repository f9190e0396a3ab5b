"""Hostile clients as data, what the gateway owes to each, and the drivers that play them."""
