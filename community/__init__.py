"""Code of conduct, members, teams and their permissions, open roles."""
