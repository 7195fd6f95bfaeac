"""The pictures in the documentation, taken of what they show."""
