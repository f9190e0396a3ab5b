"""From text to frozen settings."""
