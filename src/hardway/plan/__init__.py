"""Compares wanted with seen and yields steps: frozen values with their order. Pure."""
