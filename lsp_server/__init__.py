"""Ghost text in the editor: documents, engine, protocol, command line."""
