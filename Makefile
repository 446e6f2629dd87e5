# hardway's own tasks. `make up` and `make test` do all set-up themselves, on a fresh Debian or Ubuntu, as root.
HARDWAY := .venv/bin/hardway
SPEC ?= examples/lab.yaml

.PHONY: up down setup binaries check test unit e2e article images bench tempest vm wine golden lock cloud cloud-lock workstation-lock fargate

up: setup
	$(HARDWAY) up -f $(SPEC) --yes

down:
	$(HARDWAY) down -f $(SPEC) --yes

setup:
	@tools/setup

binaries: setup
	$(HARDWAY) binaries

check: setup
	@tools/stages lint types contracts

unit: setup
	@tools/stages unit

cloud: setup
	@tools/stages binaries cloud

fargate: setup
	@tools/stages binaries fargate

article: setup
	@tools/stages binaries article

e2e: setup
	@tools/stages binaries e2e

images: setup
	@tools/stages binaries images

test: setup
	@tools/stages lint types contracts binaries unit e2e

bench: setup binaries
	.venv/bin/python -m bench

tempest: setup
	.venv/bin/python -m tools.tempest

vm: setup binaries
	.venv/bin/python -m tools.vm

wine: setup
	@tools/stages wine

golden:
	UPDATE_GOLDEN=1 .venv/bin/pytest tests/components tests/openstack/test_wanted.py

lock:
	.venv/bin/uv pip compile --quiet --universal --generate-hashes --extra dev --extra fargate --no-emit-index-url --output-file requirements.lock pyproject.toml

workstation-lock:
	.venv/bin/uv pip compile --quiet --universal --no-header --python-version 3.11 --generate-hashes --no-emit-index-url --output-file src/hardway/workstation/openstack-client.lock src/hardway/workstation/openstack-client.in

CLOUD := src/hardway/cloud
cloud-lock:
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --output-file $(CLOUD)/requirements.lock $(CLOUD)/requirements.in
