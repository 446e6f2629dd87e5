"""The vocabulary of the plan: frozen values that say what shall be, where, and how to compare it with what is.

A resource knows its identity, its attributes and how to say itself in one line. It does not know how it is carried out:
one handler a kind does (rooms `machines`, `kube`, `sources`, `lab`).
"""
