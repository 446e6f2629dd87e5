"""Those of the twelve services that do not run here, as their API references describe them, on one loopback port.

Swift, Horizon, Cinder, Heat, Trove, Manila, Magnum, neutron-lbaas v2, and as much of Keystone, Neutron and Glance as
they need. What it leaves out: policy, quotas, paging, validation beyond what the proofs rely on, and time (objects
come to rest by the second question).
"""
