"""Money that crosses the border of the house, and what the house gives."""
