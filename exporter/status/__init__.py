"""What a person is told: is anything wrong, what, why, and what to do.

The page and the command show the same. Nothing may enter that judges a certificate, reads the
API, or knows HTML.
"""
