"""What the model may see besides the text around the cursor, and what it may not."""
