"""Machines reached over SSH: one transport, observing in one round trip, and carrying steps out with a POSIX shell."""
