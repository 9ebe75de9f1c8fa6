"""Consent and log-in pages, and the codes they give."""
