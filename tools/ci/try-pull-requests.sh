#!/usr/bin/env bash
# Tries tools/ci/schema-check.sh on a clone with six pull requests: asserts what is said, to whom, and the exit code.
# Then publishes the harmless one there and rolls it back. Takes minutes: not part of `npm test`.
set -euo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q "$project" "$work/clone"
cd "$work/clone"
ln -s "$project/node_modules" node_modules
git config user.email ci@example.invalid
git config user.name ci
main=$(git rev-parse HEAD)
failed=0

# try <name> <exit code> <file> <perl substitution> then lines that the report must hold
try() {
  local name=$1 expected=$2 file=$3 edit=$4 code=0
  shift 4
  git checkout -q -f "$main"
  perl -0pi -e "$edit" "$file"
  if git diff --quiet; then echo "FAIL $name: the edit changes nothing"; failed=1; return; fi
  tools/ci/schema-check.sh "$main" "$work/report" >"$work/out" 2>&1 || code=$?
  [ "$code" = "$expected" ] || { echo "FAIL $name: exit code $code, not $expected"; cat "$work/out"; failed=1; return; }
  for line in "$@"; do
    grep -qF -- "$line" "$work/report/report.md" || { echo "FAIL $name: the report does not say: $line"; failed=1; }
  done
  echo "ok   $name (exit code $code): $(sed -n 3p "$work/report/report.md")"
}

order=subgraphs/order/schema.graphql
try 'renames a field' 1 $order 's/(type Order @key.*?)\n  number: String!/$1\n  orderNumber: String!/s' \
  '**Field Order.number was removed.**' \
  'dev-storefront 2026-11: OrderPage' 'owner shop-front #shop-front' 'owner order-desk' \
  'Order.orderNumber in place of Order.number' 'number: orderNumber'
try 'only moves a tag' 1 $order 's/(type Order @key.*?)\n  number: String!/$1\n  number: String! \@tag(name: "internal")/s' \
  'Order.number is now hidden from' 'The graph still has it' 'dev-storefront 2026-11: OrderPage'
try 'adds an enum value' 0 $order 's/(enum ReturnState[^{]*\{)/$1\n  "Stolen on the way."\n  STOLEN\n/' \
  'Enum value ReturnState.STOLEN was added.' 'dev-storefront 2026-11: OrderPage' 'Clients receive a value that they do not know'
try 'adds a required argument' 1 $order 's/(  order\("Opaque id of the order." id: ID!)/$1 "Where it was placed." region: String!/' \
  'Required argument Query.order(region:) of type String! was added.' 'dev-storefront 2026-11: OrderPage' 'with Query.order(region:) as variable $region: String!'
try 'adds a field' 0 $order 's/(type Order @key[^{]*\{)/$1\n  "Colour of the parcel. Null when not known."\n  parcelColour: String\n/' \
  'Field Order.parcelColour of type String was added.' 'Passed: 0 that must not go live'

# Four fields of the product page move to four new subgraphs: 2 requests become 6.
git checkout -q -f "$main"
for field in description brand title handle; do
  type='String'
  grep -qE "^  $field: String!" subgraphs/product/schema.graphql && type='String!'
  printf 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@tag", "@override"])\n"A product."\ntype Product @key(fields: "id") @tag(name: "selling") {\n  "Id."\n  id: ID!\n  "Moved."\n  %s: %s @override(from: "product")\n}\n' "$field" "$type" >"schema/$field.graphql"
  printf '  %s:\n    routing_url: http://127.0.0.1:4999/graphql\n    schema:\n      file: ./schema/%s.graphql\n' "$field" "$field" >>supergraph.yaml
done
code=0
tools/ci/schema-check.sh "$main" "$work/report" >"$work/out" 2>&1 || code=$?
if [ "$code" = 1 ] && grep -qE 'ProductPage of dev-storefront needs 6 requests to subgraphs in [0-9] rounds, 2 before' "$work/report/report.md"; then
  echo "ok   makes a plan three times as expensive (exit code 1)"
else
  echo "FAIL makes a plan three times as expensive: exit code $code"; cat "$work/out"; failed=1
fi
rm -f schema/{description,brand,title,handle}.graphql
git checkout -q -f "$main"

# Publish what main has, then an addition; go back; a field that a client has registered meanwhile keeps us from it.
commerce() { node bin/commerce.js "$@"; }
published() { node -p 'require("./schema/history/publications.json").publications.length'; }
commerce schema publish --message 'What main has' >/dev/null
before=$(published)
perl -0pi -e 's/(type Order @key[^{]*\{)/$1\n  "Colour of the parcel. Null when not known."\n  parcelColour: String\n/' $order
commerce schema publish --message 'Parcels have a colour' >/dev/null 2>&1
grep -q parcelColour schema/api/storefront/2026-11.graphql && [ "$(published)" = $((before + 1)) ] && echo 'ok   publishes' || { echo 'FAIL publish'; failed=1; }
mkdir "$work/app"
echo 'query Colour($id: ID!) { order(id: $id) { parcelColour } }' >"$work/app/Colour.graphql"
commerce schema operations push --client app --contract storefront --owner shop-front "$work/app" >/dev/null
code=0
commerce schema rollback >"$work/out" 2>&1 || code=$?
[ "$code" = 1 ] && grep -q 'app: Colour' "$work/out" && echo 'ok   does not roll back what a client has begun to use' || { echo "FAIL rollback $code"; cat "$work/out"; failed=1; }
commerce schema operations remove --client app --operation Colour >/dev/null
commerce schema rollback >"$work/out" 2>&1 || { echo 'FAIL rollback'; cat "$work/out"; failed=1; }
! grep -q parcelColour schema/supergraph.graphql && [ "$(published)" = $((before + 2)) ] && echo 'ok   rolls back' || { echo 'FAIL rolled back'; failed=1; }
exit $failed
