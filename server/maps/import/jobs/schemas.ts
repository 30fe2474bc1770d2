import { type Static, Type } from 'typebox'
import { IMPORT_FORMATS, IMPORT_MEDIA_TYPES } from '../readers/formats.ts'
import { IMDF_TYPES } from '../readers/imdf.ts'

/** The schemas of the import routes: for checking requests, and for the API reference. */

const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }))

const yes = (description: string) => Type.Optional(Type.Boolean({ default: false, description }))

const importQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...IMPORT_FORMATS], { description: 'Of the body; default: by its media type.' }),
    ),
    type: Type.Optional(
      Type.Enum([...IMDF_TYPES], {
        description: 'Which features of an IMDF archive; required there.',
      }),
    ),
    idProperty: name('The property that holds your own ids.'),
    longitude: name('Of CSV: the column; default: longitude, lon, lng, long or x.'),
    latitude: name('Of CSV: the column; default: latitude, lat or y.'),
    delimiter: Type.Optional(
      Type.String({
        pattern: '^[^"\\r\\n\\p{L}\\p{N}]$',
        description: 'Of CSV; default: comma, semicolon or tab, whichever the header has most of.',
      }),
    ),
    search: name('Properties to be found by search, beside `name`, separated by commas.'),
    start: name('The property since when a feature is there.'),
    end: name('The property until when a feature is there.'),
    instant: name('The property at what time a feature was there.'),
    merge: yes('Keeps features that are not in the body.'),
    strict: yes('Ends at the first record that cannot be taken.'),
  },
  { additionalProperties: false },
)
export type ImportQuery = Static<typeof importQuery>

const noParameters = Type.Object({}, { additionalProperties: false })

const id = { pattern: '^[^\\x00-\\x1F\\x7F]{1,200}$' }
const collectionParams = Type.Object({ collectionId: Type.String(id) })
export type CollectionParams = Static<typeof collectionParams>
const jobParams = Type.Object({ collectionId: Type.String(id), jobId: Type.String(id) })
export type JobParams = Static<typeof jobParams>

const count = (description: string) => Type.Integer({ minimum: 0, description })
const time = (description: string) => Type.String({ format: 'date-time', description })

const job = Type.Object(
  {
    id: Type.String(),
    collection: Type.String(),
    state: Type.Enum(['receiving', 'queued', 'running', 'done', 'failed'], {
      description: 'receiving: its body still comes in.',
    }),
    format: Type.Enum([...IMPORT_FORMATS]),
    phase: Type.Optional(
      Type.Enum(['looking', 'writing'], {
        description:
          'Until it has ended: the file is read twice, to learn what is in it, and to write it.',
      }),
    ),
    bytes: count('How much of the file has been read in this phase.'),
    totalBytes: count('Of the file; while it comes in, what it may have.'),
    features: count('Features written.'),
    faults: count('Records that cannot be taken.'),
    featureCount: Type.Optional(count('How many features the collection has after it.')),
    errors: Type.Array(
      Type.Object({
        line: count('Where it stands in the file; 0 where lines mean nothing.'),
        record: count('Which record it is, from 1.'),
        reason: Type.String(),
      }),
      { description: 'The first 100 of the faults, when it has ended.' },
    ),
    reason: Type.Optional(Type.String({ description: 'Why it failed.' })),
    line: Type.Optional(count('Where in the file it failed.')),
    created: time('When it was asked for.'),
    started: Type.Optional(time('When it was begun, last.')),
    ended: Type.Optional(time('When it ended.')),
  },
  { additionalProperties: false },
)

const problem = (description: string) => ({
  description,
  content: {
    'application/problem+json': {
      schema: Type.Object(
        {
          type: Type.String(),
          title: Type.String(),
          status: Type.Integer(),
          detail: Type.String(),
        },
        { additionalProperties: true },
      ),
    },
  },
})

const refusals = {
  400: problem('A parameter is wrong.'),
  401: problem('No valid token.'),
  403: problem('The token may not write everywhere in this collection.'),
  404: problem('There is no such collection, or no such import.'),
}

const tags = ['Map data']

export const createImport = {
  tags,
  summary: 'Import a file into a collection, in the place of its data',
  description:
    'The body is the file. Readers see the old data until the new is whole. The import goes on after the answer, which names where to watch it.',
  params: collectionParams,
  querystring: importQuery,
  consumes: [...IMPORT_MEDIA_TYPES],
  response: {
    202: { ...job, description: 'It is waiting for its turn.' },
    ...refusals,
    400: problem('A parameter is wrong, or the body is empty.'),
    409: problem('An import into this collection is under way.'),
    413: problem('The body is too large.'),
    415: problem('The format of the body is not known.'),
    429: problem('The customer has too many imports that have not ended, or too large ones.'),
    507: problem('The server has no room for the body.'),
  },
}

export const listImports = {
  tags,
  summary: 'Imports into a collection, the newest first',
  params: collectionParams,
  querystring: noParameters,
  response: {
    200: Type.Object({ imports: Type.Array(job) }, { description: 'The last 100.' }),
    ...refusals,
  },
}

export const getImport = {
  tags,
  summary: 'How far an import is',
  params: jobParams,
  querystring: noParameters,
  response: { 200: { ...job, description: 'The import.' }, ...refusals },
}

export const cancelImport = {
  tags,
  summary: 'Cancel an import',
  description: 'The collection keeps the data that it has, unless the new data is there already.',
  params: jobParams,
  querystring: noParameters,
  response: {
    202: { ...job, description: 'It ends within seconds.' },
    ...refusals,
    409: problem('It has ended.'),
  },
}
