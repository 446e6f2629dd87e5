"""Runs a plan's steps, as many at once as their order allows, and writes each to the journal before and after."""
