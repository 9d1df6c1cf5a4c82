"""Pure poker: values in, values out; no clock, no randomness, no IO."""
