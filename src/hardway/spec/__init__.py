"""The user's YAML: its model and defaults, the addresses that follow from it, and its faults with line numbers."""
