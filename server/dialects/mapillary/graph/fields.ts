import { badGraphParameter } from '../errors.ts'

/**
 * `fields=id,creator.username,detections.value`: which members an answer has, in the order asked for.
 * `id` is always there. A dot asks for members of what is nested.
 */
export interface Field {
  name: string
  /** Empty: those that are usual. */
  members: string[]
}

const MAXIMUM_FIELDS = 100

/**
 * @param known what can be asked for
 * @param usual what stands there when nothing is asked for
 * @throws GraphError naming a field that is not known
 */
export function parseFields(
  text: string | undefined,
  known: ReadonlySet<string>,
  usual: readonly string[],
): Field[] {
  const names = (text ?? '').split(',').map((name) => name.trim())
  const asked = names.filter((name) => name !== '')
  if (asked.length > MAXIMUM_FIELDS) {
    throw badGraphParameter(`(#100) fields: there are more than ${MAXIMUM_FIELDS}`)
  }
  const fields = new Map<string, Field>()
  for (const name of asked.length > 0 ? asked : usual) {
    const [first, member, ...rest] = name.split('.')
    if (!known.has(first!) || member === '' || rest.length > 0) throw unknownField(name)
    const field = fields.get(first!) ?? { name: first!, members: [] }
    if (member !== undefined && !field.members.includes(member)) field.members.push(member)
    fields.set(first!, field)
  }
  return [...fields.values()]
}

/** @throws GraphError when the nested object has no such member */
export function pick(
  object: Readonly<Record<string, unknown>>,
  { members }: Field,
  usual: readonly string[],
  path: string,
): Record<string, unknown> {
  const wanted = members.length > 0 ? members : usual
  const picked = wanted.map((member) => {
    if (!Object.hasOwn(object, member)) throw unknownField(`${path}.${member}`)
    return [member, object[member]] as const
  })
  return { ...Object.fromEntries(picked), ...(Object.hasOwn(object, 'id') && { id: object['id'] }) }
}

export function unknownField(name: string) {
  return badGraphParameter(`(#100) Tried accessing nonexisting field (${name.slice(0, 100)})`)
}
