"""Which keys and certificates the cluster wants, how one is made, what one says. No I/O; chance is the library's."""
