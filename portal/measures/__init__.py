"""Figures for Prometheus: of the business and its queues from the database, of requests from the web processes."""
