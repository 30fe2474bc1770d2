"""The Python sample of MapsPeople's Integration API, with the calls that exist here.

One connection: the login, then a call whose request line names a whole URL of another host, with the
scheme `bearer` in lower case. The password is in PASSWORD. Prints the status and what was read.
"""

import http.client
import json
import os
import sys
from urllib.parse import quote_plus, urlsplit

base_url, username = sys.argv[1:]
conn = http.client.HTTPConnection(urlsplit(base_url).netloc)

payload = "grant_type=password&client_id=client&username=%s&password=%s" % (
    quote_plus(username),
    quote_plus(os.environ["PASSWORD"]),
)
headers = {"content-type": "application/x-www-form-urlencoded"}
conn.request("POST", "/mapsindoors/auth/connect/token", payload, headers)
login = json.loads(conn.getresponse().read().decode("utf-8"))

headers = {"authorization": "bearer " + login["access_token"]}
conn.request("GET", "http://integration.mapsindoors.com/maps/collections", headers=headers)
answer = conn.getresponse()
collections = json.loads(answer.read().decode("utf-8"))["collections"]
print(
    json.dumps(
        {
            "expires_in": login["expires_in"],
            "scope": login["scope"],
            "status": answer.status,
            "collections": [collection["id"] for collection in collections],
        }
    )
)
