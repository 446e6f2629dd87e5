"""Who observes and carries out each kind of thing on a workstation: one file a kind of effect."""
