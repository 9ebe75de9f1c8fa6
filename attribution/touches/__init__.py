"""Touches: what people did on surfaces that carry a guide's parameter."""
