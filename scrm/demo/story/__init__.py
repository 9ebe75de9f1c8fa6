"""The main job, step by step over HTTP, with figures that must be right."""
