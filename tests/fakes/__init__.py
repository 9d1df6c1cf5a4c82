"""Stand-ins for the far side of a port, held to the same contract tests as the real adapter."""
