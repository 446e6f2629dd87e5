"""The computer that the author works from: programs, completions, contexts, names, file associations, as a plan.

A wing: registered in app/, imported by no other room. Touches this user's own files, /etc/hosts where the spec asks
for it, and on Windows what `assoc` and `ftype` write.
"""
