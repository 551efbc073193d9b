"""Scheduled jobs of this storey."""
