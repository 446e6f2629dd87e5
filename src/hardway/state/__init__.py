"""One directory a cluster on the operator's side: identity, keys and certificates, kubeconfigs, journal, lock."""
