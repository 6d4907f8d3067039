"""The embedded engine: completion with no weights and no network."""
