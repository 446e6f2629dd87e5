"""A real OpenStack on this computer: its projects from PyPI, its network OVN in userspace, its servers lab machines.

Beside it, room `check`: the check of any OpenStack, which knows nothing of ours.
"""
