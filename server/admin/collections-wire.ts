import { type Static, Type } from 'typebox'
import { type Collection, VISIBILITIES } from '../access/collections/collection.ts'
import { dateTime, idParameter, line, nullable, prose, strict, toIso } from './route-options.ts'

/** A collection as the management API shows it and takes it. Its data is the map data API's. */
const visibility = Type.Enum([...VISIBILITIES], {
  description:
    '`open`: anybody, without a token; `public`: any token with `read`; `subscription`: the owner and customers with a subscription; `private`: the owner.',
})

const licence = nullable(
  strict({
    name: line(200),
    url: Type.String({ maxLength: 2_000, pattern: '^https?://[^\\s\\p{Cc}\\p{Cs}]+$' }),
  }),
)

const collectionId = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  description: 'Part of the URLs of its data.',
})

export const collectionSchema = strict({
  id: Type.String(),
  customerId: nullable(
    Type.String({ description: 'The owner; null: the installation, for which operators act.' }),
  ),
  visibility,
  title: Type.String(),
  description: Type.String(),
  attribution: Type.String({ description: 'To be shown wherever the data is.' }),
  licence,
  madeOf: nullable(
    Type.String({ description: 'The collection that holds the parts of these features.' }),
  ),
  createdAt: dateTime(),
  updatedAt: dateTime('When what stands here last changed; not the data.'),
})

export const toCollectionWire = (collection: Collection) => ({
  ...collection,
  createdAt: toIso(collection.createdAt),
  updatedAt: toIso(collection.updatedAt),
})

const changeable = {
  visibility: Type.Optional(visibility),
  description: Type.Optional(prose(2_000)),
  attribution: Type.Optional(prose(2_000, 'To be shown wherever the data is.')),
  licence: Type.Optional(licence),
  madeOf: Type.Optional(
    nullable(
      Type.String({
        ...collectionId,
        description:
          'The collection that holds the parts of these features: whoever is limited to an area sees the parts only.',
      }),
    ),
  ),
}

export const newCollection = strict({
  id: collectionId,
  customerId: Type.Optional(
    nullable(
      Type.String({
        ...idParameter,
        description:
          'By default the caller’s customer; null: the installation. Another than the own one needs `operate`.',
      }),
    ),
  ),
  title: line(200),
  ...changeable,
})

export const collectionChanges = strict(
  { title: Type.Optional(line(200)), ...changeable },
  { minProperties: 1 },
)

export const collectionParams = strict({ collectionId: idParameter })

export type NewCollectionBody = Static<typeof newCollection>
export type CollectionChangesBody = Static<typeof collectionChanges>
export type CollectionParams = Static<typeof collectionParams>
