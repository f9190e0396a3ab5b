"""The layers a call passes through, one concern a file."""
