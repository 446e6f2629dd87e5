"""The command line: verbs, progress, printing. No decisions; everything that touches the world is behind `doors.py`."""
