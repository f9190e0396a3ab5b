"""The public surface: routes, answers and the relay of streams."""
