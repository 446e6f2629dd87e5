"""The twelve services of the article's cloud, in its order: the one list that a new service is added to."""

from __future__ import annotations

from typing import Final

from hardway.cloud.check.service import Service
from hardway.cloud.check.services.cinder import CINDER
from hardway.cloud.check.services.designate import DESIGNATE
from hardway.cloud.check.services.glance import GLANCE
from hardway.cloud.check.services.heat import HEAT
from hardway.cloud.check.services.horizon import HORIZON
from hardway.cloud.check.services.keystone import KEYSTONE
from hardway.cloud.check.services.magnum import MAGNUM
from hardway.cloud.check.services.manila import MANILA
from hardway.cloud.check.services.neutron import NEUTRON
from hardway.cloud.check.services.nova import NOVA
from hardway.cloud.check.services.swift import SWIFT
from hardway.cloud.check.services.trove import TROVE

SERVICES: Final[tuple[Service, ...]] = (
    KEYSTONE,
    SWIFT,
    GLANCE,
    NOVA,
    NEUTRON,
    HORIZON,
    CINDER,
    HEAT,
    TROVE,
    MANILA,
    DESIGNATE,
    MAGNUM,
)
