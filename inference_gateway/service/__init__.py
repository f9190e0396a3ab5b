"""The whole put together: the object graph and its life."""
