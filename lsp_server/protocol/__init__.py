"""One client: its messages, and who handles them."""
