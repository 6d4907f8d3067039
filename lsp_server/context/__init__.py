"""What the model sees, and what it never does."""
