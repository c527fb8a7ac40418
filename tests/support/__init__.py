"""Servers, programs and builders for the tests."""
