"""The areas of WeCom's API, one module each: one method an endpoint, its doc number in the docstring."""
