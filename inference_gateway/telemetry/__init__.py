"""What the gateway records: metrics, the access log and its own log."""
