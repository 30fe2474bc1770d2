#!/usr/bin/env bash
# Reads map data with curl as the sample's CityGov, which sees Madison, Wisconsin only. The values are
# those of data/sample.json:
#
#   MAPGATE_URL=http://localhost:8080 CLIENT_ID=... CLIENT_SECRET=... bash read-map-data.sh
set -euo pipefail
maps="$MAPGATE_URL/maps"

token=$(curl -fsS "$MAPGATE_URL/oauth2/token" -u "$CLIENT_ID:$CLIENT_SECRET" \
  -d grant_type=client_credentials | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
# The file keeps the token out of the list of processes.
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
echo "Authorization: Bearer $token" >"$headers"
get() { curl -fsS -H "@$headers" "$@"; }

echo '# what there is'
get "$maps/collections" | grep -o '"id":"[^"]*"'

echo '# places in the area, the first three'
get "$maps/collections/places/items?limit=3" | grep -o '"name":"[^"]*"'

echo '# the county around a point'
get "$maps/collections/counties/containing?point=-89.4,43.07" | grep -o '"name":"[^"]*"'

echo '# a place by its name'
get "$maps/search?q=madison&collections=places&limit=1" | grep -o '"name":"[^"]*"'

echo '# a county that is not in the subscription'
curl -sS -o /dev/null -w '%{http_code}\n' -H "@$headers" "$maps/collections/counties/items/17031"

echo '# a tile of places, zoom 10: its size in bytes'
get "$maps/tiles/places/10/257/375.pbf" | wc -c | tr -d ' '
