"""WeChat customer service: accounts, servicers, sessions, messages and figures."""
