"""The providers: whatever produces the answer to a call."""
