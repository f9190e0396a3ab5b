"""What tests need, ours and those of what is built on the gateway; nothing here runs in use."""
