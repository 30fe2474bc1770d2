import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import type { Account } from '../../../access/accounts/account.ts'
import type { Accounts } from '../../../access/accounts/accounts.ts'
import { GraphError, unknownObject } from '../errors.ts'
import { parseFields, unknownField } from './fields.ts'
import { findImage, type GraphData, parseImageFields, toGraphImage } from './imagery.ts'
import { fieldsQuery, idParams } from './images.ts'
import { getRoute, graphRead } from './route.ts'

/**
 * What goes by an id alone: `/{id}` is an image, or the person whose token it is; `/me` is that
 * person. Nobody learns of other persons here.
 */
export function entityRoutes(
  app: FastifyInstance,
  options: GraphData & { accounts: Pick<Accounts, 'find'> },
): void {
  const { accounts } = options

  getRoute<{ Querystring: Static<typeof fieldsQuery> }>(
    app,
    '/me',
    graphRead('mapillary.me', 'Tell the person whose token it is as at Mapillary', {
      querystring: fieldsQuery,
    }),
    async (request) => {
      const { accountId } = request.caller!
      const account = accountId === null ? null : await accounts.find(accountId)
      if (!account) {
        throw new GraphError({
          status: 400,
          message:
            'An active access token must be used to query information about the current user.',
          type: 'OAuthException',
          code: 2_500,
        })
      }
      return toGraphUser(account, request.query.fields)
    },
  )

  getRoute<{ Params: Static<typeof idParams>; Querystring: Static<typeof fieldsQuery> }>(
    app,
    '/:id',
    graphRead('mapillary.entity', 'Tell an image as at Mapillary', {
      params: idParams,
      querystring: fieldsQuery,
    }),
    async (request) => {
      const { id } = request.params
      const { fields } = request.query
      const account = id === request.caller!.accountId ? await accounts.find(id) : null
      if (account) return toGraphUser(account, fields)
      const image = await findImage(options, await options.accessScope(request), id)
      if (!image) throw unknownObject(id)
      return toGraphImage(image, parseImageFields(fields))
    },
  )
}

const USER_FIELDS = new Set(['id', 'username'])

function toGraphUser({ id, name }: Account, text: string | undefined) {
  const fields = parseFields(text, USER_FIELDS, ['id'])
  const nested = fields.find(({ members }) => members.length > 0)
  if (nested) throw unknownField(`${nested.name}.${nested.members[0]}`)
  const told = { id, username: name }
  return {
    ...Object.fromEntries(
      fields.map((field) => [field.name, told[field.name as 'id' | 'username']]),
    ),
    id,
  }
}
