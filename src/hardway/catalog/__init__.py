"""Releases, checksums and build recipes, as data."""
