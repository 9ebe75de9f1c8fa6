"""Conditions over the facts of a person: automatic tags, saved segments, audiences from outside."""
