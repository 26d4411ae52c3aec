"""Generated from `_async`: generate.py."""
