"""Compose files to a Project: read, interpolated, checked, made canonical, merged. Reads files by one door, `files`."""
