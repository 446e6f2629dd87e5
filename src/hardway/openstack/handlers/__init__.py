"""Carry out the cloud's resources: one handler a kind, or a few that only make sense together."""
