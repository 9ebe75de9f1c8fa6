"""The gateway to WeChat: service account and mini program. It shares transport, tokens and ports with `scrm.wecom`."""
