"""The WeCom gateway: client, tokens, errors, callbacks. Knows no Django; its ports are injected."""
