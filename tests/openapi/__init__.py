"""The description of our routes, against the rules of OpenAPI and against a running gateway."""
