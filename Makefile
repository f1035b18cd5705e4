# What people and CI type. Needs Python 3.11 or later and make; everything else lives in .venv.

.PHONY: run test e2e bench soak screenshots lint format messages requirements clean help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The newest Python that can hold the studio; `make PYTHON=/path/to/python3.12 run` chooses another.
suitable_python = $(shell for name in $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3 python); do \
	"$$name" -c 'import sys, ensurepip, sqlite3, ssl, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$name" && break; done)

# .venv is used as long as its own Python runs, is the one it was made with and, if PYTHON is given, of that version.
# Whatever stops the making of it leaves no `ready` behind, and the next run begins anew.
version_now := $(shell .venv/bin/python -V 2>/dev/null)
ifdef PYTHON
version_wanted := $(shell "$(PYTHON)" -V 2>/dev/null)
else
version_wanted := $(shell cat .venv/ready 2>/dev/null)
endif
ifneq ($(version_now),$(version_wanted))
.PHONY: .venv/ready
endif

PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

.venv/ready: requirements.txt
	@python="$(suitable_python)"; \
	if [ -z "$$python" ]; then \
		echo "$(or $(PYTHON),Every Python found here) is older than 3.11 or lacks the venv or sqlite3 module." >&2; \
		echo "Install Python 3.11 or later (Debian, Ubuntu: apt install python3 python3-venv)" >&2; \
		echo "or name one: make PYTHON=/path/to/python run" >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$python" -V). This happens once and takes less than a minute."; \
	"$$python" -m venv --clear .venv
	@$(PIP) -r requirements.txt
	@.venv/bin/python -V > $@

.venv/ready-for-tests: .venv/ready requirements-dev.txt
	@echo "Adding what tests and lint need."
	@mv .venv/ready .venv/unready
	@$(PIP) -r requirements-dev.txt
	@mv .venv/unready .venv/ready
	@touch $@

.venv/ready-for-bench: .venv/ready requirements-bench.txt
	@echo "Adding the official SDK, to measure against."
	@mv .venv/ready .venv/unready
	@$(PIP) -r requirements-bench.txt
	@mv .venv/unready .venv/ready
	@touch $@

# Static files live in .venv because they follow from the code and the packages; the data folder holds what is yours.
STATIC = $(CURDIR)/.venv/static
# The environment's values win over those of .env.
with_dotenv = before="$$(export -p)"; set -a; if [ -f .env ]; then . ./.env; fi; set +a; eval "$$before"; \
	export STUDIO_STATIC_DIR="$(STATIC)"

.venv/static/staticfiles.json: .venv/ready imagestudio/static_files.py $(shell find static)
	@$(with_dotenv); .venv/bin/python manage.py collectstatic --noinput --verbosity 0
	@touch $@

run: .venv/ready .venv/static/staticfiles.json ## everything on this machine: web, worker and, without a key, the sandbox
	@$(with_dotenv); exec .venv/bin/python manage.py studio

test: .venv/ready-for-tests ## the whole suite on SQLite, then what touches the database on PostgreSQL
	@.venv/bin/python -m pytest -n auto --dist loadfile $(ARGS)
	@.venv/bin/python tests/postgres.py -n auto --dist loadfile $(ARGS)

e2e: .venv/ready-for-tests ## only the tests in a real browser
	@.venv/bin/python -m pytest -m e2e $(ARGS)

bench: .venv/ready-for-bench ## speed and memory beside the official SDK; ARGS=--help lists what it measures
	@.venv/bin/python -m benchmarks $(ARGS)

soak: .venv/ready-for-tests ## a kill at every step; then 1,000 generations with every fault, and the books are compared
	@KILL_EVERY=1 .venv/bin/python -m pytest -q tests/engine/test_kill_everywhere.py
	@.venv/bin/python -m benchmarks.soak $(ARGS)

screenshots: .venv/ready-for-tests ## docs/screenshots anew, of a studio with three made-up months; needs a Chromium
	@.venv/bin/python -m docs.shots

lint: .venv/ready-for-tests ## format, lint, missing migrations, unsafe settings
	@.venv/bin/python -m ruff format --check --quiet --diff
	@.venv/bin/python -m ruff check --quiet
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && export STUDIO_DATA_DIR="$$data" \
		STUDIO_HTTPS=true STUDIO_ALLOWED_HOSTS=studio.example STUDIO_DEBUG= DATABASE_URL= && \
		.venv/bin/python manage.py makemigrations --check --dry-run && \
		.venv/bin/python manage.py check --deploy --fail-level WARNING

format: .venv/ready-for-tests ## rewrite the code as lint wants it
	@.venv/bin/python -m ruff check --fix --quiet
	@.venv/bin/python -m ruff format --quiet

messages: .venv/ready ## collect and compile translations; needs gettext, the compiled files are committed
	@mkdir -p gallery/locale
	@.venv/bin/python manage.py makemessages --locale zh_Hans --no-obsolete --no-wrap --add-location file \
		--ignore .venv --ignore data --ignore tests --ignore benchmarks
	@# Sorted, else the order is that of the folders on the disk.
	@catalogue=gallery/locale/zh_Hans/LC_MESSAGES/django.po; \
		msgcat --sort-by-file --no-wrap --output-file "$$catalogue" "$$catalogue"
	@.venv/bin/python manage.py compilemessages --ignore .venv

requirements: .venv/ready ## pin the newest fitting packages, with hashes, for Python 3.11 to 3.14
	@.venv/bin/python -m venv .venv/uv && .venv/uv/bin/python -m pip install --quiet uv
	@for name in requirements requirements-dev requirements-bench requirements-s3; do \
		.venv/uv/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
			--custom-compile-command "make requirements" "$$name.in" -o "$$name.txt" || exit 1; \
	done

clean: ## remove what make made; your data stays
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
