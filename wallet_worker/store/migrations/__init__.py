"""The schema, step by step: one SQL script up and one down for each step."""
