"""Benches: each prints what was reached, beside its goal and a peer or bound measured in the same run."""
