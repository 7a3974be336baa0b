"""What `pip install .` and other builders load (pyproject.toml, build-system): it refuses."""

raise SystemExit(
    "simka: a shop is no package, it runs from its checkout: `make run` installs what it needs, "
    "docs/operations.md says how to deploy it"
)
