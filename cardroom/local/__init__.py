"""A whole cluster on one machine: embedded servers, real processes, bots and a live console."""
