"""Messages that cross a process border: frozen values without logic."""
