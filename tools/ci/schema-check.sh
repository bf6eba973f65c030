#!/usr/bin/env bash
# The schema check of a pull request, for any CI: needs Node, git and `npm ci`, no account and no network.
#
#   tools/ci/schema-check.sh [base] [folder for the reports]
#
# base: the commit that the change is to be merged into; default origin/main. Writes report.md (for a comment),
# report.sarif (code scanning), report.junit.xml (test tab) and report.json, prints the report, and exits with the code
# of `commerce schema check`: 0 passed, 1 must not be merged, 2 and above: could not be checked.
set -euo pipefail
cd "$(dirname "$0")/../.."
base=${1:-origin/main}
reports=${2:-schema-report}
mkdir -p "$reports"
format=text
[ "${GITHUB_ACTIONS:-}" = true ] && format=github
exec node bin/commerce.js schema check --base "$base" --format "$format" \
  --report "markdown=$reports/report.md" --report "sarif=$reports/report.sarif" \
  --report "junit=$reports/report.junit.xml" --report "json=$reports/report.json"
