"""Tests of the HTTP/1.1 server and client: sans-IO where it can be, else on string transports."""
