"""The design that this product replaces, small and honest, for comparison: see README.md beside this file."""
