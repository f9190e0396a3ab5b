"""Tests of `inference_gateway.wire`."""
