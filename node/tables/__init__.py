"""One task per table: who sits, what is played, and what each viewer is told."""
