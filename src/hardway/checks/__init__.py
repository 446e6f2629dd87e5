"""Proofs that the cluster works, each with what it proves and the chapter of the guide it belongs to."""
