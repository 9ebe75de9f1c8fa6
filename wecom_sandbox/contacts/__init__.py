"""The address book: departments, members, tags, imports and exports, accounts and what the admin console does to them."""
