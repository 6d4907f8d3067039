"""Ways out for what was recorded. Nothing goes out unless the user asks for it."""
