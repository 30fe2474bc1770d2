import type { Sample } from './sample.ts'

/** Lines to paste into a shell, in the order in which they make sense. */
export function sampleCommands(sample: Sample, { mapillary }: { mapillary: boolean }): string {
  const { base_url, customer_id, client_id, client_secret, client_token } = sample
  return `
Mapgate serves ${base_url}

  customer id    ${customer_id}
  client id      ${client_id}
  client secret  ${client_secret}
  client token   ${client_token}
  account        ${sample.account_email}
  password       ${sample.account_password}

Get a token:

  TOKEN=$(curl -s ${base_url}/oauth2/token -d grant_type=client_credentials -d client_id=${client_id} -d client_secret=${client_secret} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Read map data:

  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections/places/items?bbox=-89.6,42.9,-89.2,43.2&limit=5"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/maps/collections/places/nearest?point=12.57,55.68"

See no more than a city does. CityGov's client is limited to Madison, Wisconsin, and its subscription to
the counties, which Atlas owns, to Dane County:

  CITY=$(curl -s ${base_url}/oauth2/token -d grant_type=client_credentials -d client_id=${sample.citygov_client_id} -d client_secret=${sample.citygov_client_secret} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -H "Authorization: Bearer $CITY" "${base_url}/maps/collections/places/items"
  curl -H "Authorization: Bearer $CITY" "${base_url}/maps/collections/counties/items/55025"    # Dane County
  curl -H "Authorization: Bearer $CITY" "${base_url}/maps/collections/counties/items/17031"    # 404: elsewhere
  curl -H "Authorization: Bearer $CITY" "${base_url}/maps/search?q=madison"
  curl -H "Authorization: Bearer $CITY" -o counties.pbf "${base_url}/maps/tiles/counties/10/257/375.pbf"

Make a second secret, list both:

  curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"description":"my second"}' "${base_url}/admin/clients/${client_id}/secrets"
  curl -H "Authorization: Bearer $TOKEN" "${base_url}/admin/clients/${client_id}/secrets"

In a browser, where the account above signs in:

  ${base_url}/maps  shows the map data that needs no token; the page says where one goes
  ${base_url}/applications  registers applications and manages the demo client${
    mapillary
      ? `
  ${base_url}/mapillary/www/connect?client_id=${client_id}  lets the demo client in: the code comes back in the address bar`
      : ''
  }

The API reference is ${base_url}/openapi.json; all this stands in sample.json in the data folder too.
`
}
