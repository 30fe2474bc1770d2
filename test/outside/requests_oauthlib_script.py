"""Gets a token with requests-oauthlib, as its documentation shows, and calls the map data API.

Arguments: base URL, client id; the secret comes from the environment. Prints one JSON document.
"""

import json
import os
import sys

from oauthlib.oauth2 import BackendApplicationClient, InvalidScopeError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

base_url, client_id = sys.argv[1:]
client_secret = os.environ["CLIENT_SECRET"]
token_url = f"{base_url}/oauth2/token"


def in_the_header(scope=None):
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id, scope=scope))
    session.fetch_token(token_url=token_url, auth=HTTPBasicAuth(client_id, client_secret))
    return session


def in_the_body():
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
    session.fetch_token(
        token_url=token_url,
        client_id=client_id,
        client_secret=client_secret,
        include_client_id=True,
    )
    return session


def use(session):
    answer = session.get(f"{base_url}/maps/collections")
    return {
        "status": answer.status_code,
        "collections": sorted(each["id"] for each in answer.json()["collections"]),
        "token_type": session.token["token_type"],
        "scope": list(session.token["scope"]),
    }


def refusal():
    try:
        in_the_header(["operate"])
    except InvalidScopeError as error:
        return error.error
    return None


print(
    json.dumps(
        {
            "header": use(in_the_header(["read"])),
            "body": use(in_the_body()),
            "refusal": refusal(),
        }
    )
)
