"""A real OpenStack on this computer: its projects from PyPI, its network OVN in userspace, its servers lab machines."""
