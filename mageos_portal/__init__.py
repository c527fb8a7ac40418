"""The site: settings, root addresses, home page, health and security headers. No domain rule lives here."""
