"""Kubernetes API access: applying objects, watching conditions."""
