"""Management commands of contacts."""
