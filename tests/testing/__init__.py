"""Tests of the scripted upstream that the package ships."""
