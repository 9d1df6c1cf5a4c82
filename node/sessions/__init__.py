"""Players' connections: handshake, messages in, frames out, limits."""
