"""What the Composer client knows, as pure functions: names, versions, constraints, metadata."""
