"""Which providers serve a model, and which of them goes first."""
