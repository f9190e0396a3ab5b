"""Tests of `inference_gateway.config`."""
