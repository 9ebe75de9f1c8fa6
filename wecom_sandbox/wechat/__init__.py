"""WeChat beside WeCom: one verified service account, one mini program, and the people who use them."""
