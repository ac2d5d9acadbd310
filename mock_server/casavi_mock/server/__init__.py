"""The server: application, protocol, worker, pages."""
