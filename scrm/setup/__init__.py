"""The walk-through that connects a real WeCom corp, step by step, each with a self-test."""
