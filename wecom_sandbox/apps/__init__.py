"""The corp's apps: messages, cards, chats, menus, the workbench, media, and what members send to them."""
