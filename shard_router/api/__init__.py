"""The router's HTTP pages."""
