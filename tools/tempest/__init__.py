"""Tempest, OpenStack's own integration tests, against a cloud of `hardway cloud`: a named list that must pass."""
