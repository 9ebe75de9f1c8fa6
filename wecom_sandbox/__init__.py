"""A simulator of WeCom (企业微信): an independent program that knows nothing of the product."""
