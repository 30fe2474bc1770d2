# The Python sample of Mapillary's help article about access to its API. Only the base URL and the
# token are others, and come from the environment:
#
#   MAPGATE_URL=http://localhost:8080 CLIENT_TOKEN='MG|...' python3 mapillary-article.py
#
# `requests.get(url, headers)` takes its second argument as parameters of the query: both copies of
# the token are in the URL. It works; write `headers=headers`, and leave the token out of the URL.
import os
import requests
app_access_token = os.environ['CLIENT_TOKEN'] # create your access token at /mapillary/www/dashboard/developers
image_id = '169979785061521'
url = os.environ['MAPGATE_URL'] + '/mapillary/graph/{}/detections?fields=id,value,created_at&access_token={}'.format(image_id,app_access_token)
# or instead of adding it to the url, add the token in headers (strongly recommended for user tokens)
headers = { "Authorization" : "OAuth {}".format(app_access_token) }
response = requests.get(url, headers)
data = response.json()
print(data)
