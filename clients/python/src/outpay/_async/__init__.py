"""The clients as they are written; `_sync` is generated from here: generate.py."""
