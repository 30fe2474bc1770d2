"""Reads all features of a collection, page by page, and prints how many there are.

The base URL and the client come from the environment (data/sample.json has those of the sample):

    MAPGATE_URL=http://localhost:8080 CLIENT_ID=... CLIENT_SECRET=... python3 all-features.py places

Pages are read one after the other by their `next` links, 1,000 features each or as many as a second
argument says; a refused call is made again after the time that the answer names. Needs `requests`.
"""

import os
import sys
import time

import requests

base_url = os.environ["MAPGATE_URL"]
collection = sys.argv[1]
page_size = int(sys.argv[2]) if len(sys.argv) > 2 else 1000


def log_in():
    answer = requests.post(
        f"{base_url}/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]),
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


def get(session, url):
    while True:
        answer = session.get(url, timeout=30)
        if answer.status_code == 429:
            time.sleep(int(answer.headers["Retry-After"]))
        elif answer.status_code == 401:
            # A token lives an hour: reading much may take longer.
            session.headers["Authorization"] = f"Bearer {log_in()}"
        else:
            answer.raise_for_status()
            return answer.json()


def all_features(session, collection, page_size):
    url = f"{base_url}/maps/collections/{collection}/items?limit={page_size}"
    while url:
        page = get(session, url)
        yield from page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)


with requests.Session() as session:
    session.headers["Authorization"] = f"Bearer {log_in()}"
    count = 0
    first = None
    for feature in all_features(session, collection, page_size):
        first = first or feature
        count += 1
    print(f"{count} features in {collection}")
    if first:
        print(f"the first: {first['id']} {first['properties']}")
