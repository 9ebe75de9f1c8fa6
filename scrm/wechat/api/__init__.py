"""The areas of WeChat's API."""
