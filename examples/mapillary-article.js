// The JavaScript sample of Mapillary's help article about access to its API. The base URL and the
// token are others, and come from the environment:
//
//   MAPGATE_URL=http://localhost:8080 CLIENT_TOKEN='MG|...' node mapillary-article.js
//
// Two mistakes of the article are put right: its constant is now named `token`, as it is used, and
// its comments begin with `//`.
const token = process.env.CLIENT_TOKEN // create your access token at /mapillary/www/dashboard/developers
const image_id = '169979785061521'
const api_url =
  process.env.MAPGATE_URL +
  '/mapillary/graph/' +
  image_id +
  '/detections?fields=id,value,created_at&access_token=' +
  token
// or instead of adding it to the url, add the token in headers (strongly recommended for user tokens)
const response = await fetch(api_url, {
  headers: { Authorization: 'OAuth ' + token },
})
const myJson = await response.json()
console.log(JSON.stringify(myJson))
