"""Reads features with OWSLib, as its documentation shows.

Arguments: the address of the map data, a collection, how many features a page has. The token comes
from the environment, and goes into the header unless the address has it. Prints one JSON document.
"""

import json
import os
import sys
from urllib.parse import parse_qsl, urlsplit

from owslib.ogcapi.features import Features

address, collection, page_size = sys.argv[1:]
token = os.environ.get("TOKEN")
headers = {"Authorization": f"Bearer {token}"} if token else None
server = Features(address, headers=headers)


def pages():
    page = server.collection_items(collection, limit=int(page_size))
    while True:
        yield page
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return
        # OWSLib follows no links, so their parameters go the way of others.
        asked = dict(parse_qsl(urlsplit(following[0]).query))
        if not token:
            # It stands in the address already.
            asked.pop("access_token")
        page = server.collection_items(collection, **asked)


try:
    found = list(pages())
    first = found[0]["features"][0]
    answer = {
        "api_paths": list(server.api()["paths"]),
        "collections": server.feature_collections(),
        "described": server.collection(collection)["id"],
        "pages": len(found),
        "ids": [feature["id"] for page in found for feature in page["features"]],
        "item": server.collection_item(collection, first["id"])["properties"],
        "first": first["properties"],
        "in_box": [
            feature["id"]
            for feature in server.collection_items(
                collection, bbox=[-89.45, 43.05, -89.39, 43.08], limit=1000
            )["features"]
        ],
    }
except RuntimeError as error:
    answer = {"refused": json.loads(str(error))}
print(json.dumps(answer))
