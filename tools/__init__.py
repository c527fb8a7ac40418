"""What development needs and the portal does not."""
