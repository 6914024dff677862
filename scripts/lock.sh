#!/bin/sh
# Renews the locked requirements from pyproject.toml: exact versions with the hashes of every platform's files,
# valid from Python 3.11 on. Needs uv; installing from them needs pip alone.
set -eu
cd "$(dirname "$0")/.."
lock() {
  out=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --output-file "requirements/$out" "$@"
}
lock run.txt pyproject.toml
lock test.txt --group test --constraint requirements/run.txt
lock node.txt requirements/node.in
# Only what comes on top of run.txt. The list of options is meant to be split into words.
for extra in gpu fleet; do
  # shellcheck disable=SC2046
  lock "$extra.txt" pyproject.toml --extra "$extra" --constraint requirements/run.txt \
    $(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' requirements/run.txt)
done
