"""Turns git repositories into a Composer repository and serves it."""
