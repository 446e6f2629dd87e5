"""OCI images made here where nothing can be pulled: of Debian's packages, by small descriptions; and their push."""
