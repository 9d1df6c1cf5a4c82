"""How any of our processes starts, is watched, and reaches the servers."""
