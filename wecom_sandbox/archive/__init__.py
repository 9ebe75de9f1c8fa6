"""The session archive: consent, encrypted messages, and a stand-in for the Finance SDK."""
