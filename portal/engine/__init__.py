"""Django's PostgreSQL, told before each statement who asks (portal.shared.wall)."""
