import type { FastifyInstance } from 'fastify'
import { preparePages } from '../pages/route.ts'
import { applicationRoutes } from './applications/application.ts'
import { listRoute } from './applications/list.ts'
import { registerRoutes } from './applications/register.ts'
import { acceptUploads } from './applications/upload.ts'
import { consentRoutes } from './consents.ts'
import { deletionRoutes } from './deletion.ts'
import { memberRoutes } from './members.ts'
import { newEmailRoutes } from './new-email.ts'
import type { AccountOptions } from './options.ts'
import { createAsPerson } from './person.ts'
import { profileRoutes } from './profile.ts'
import { securityRoutes } from './security.ts'
import { sessionRoutes } from './sessions.ts'

/**
 * The pages of a signed-in person: `/account` and what is below it, and `/applications`.
 *
 * Each file has the routes of one page, and draws it. A GET passes `shown`, a POST `sent`
 * (`person.ts`): they find the session or send to the sign-in, count, prove that the form is ours, and
 * ask for a recent sign-in before sensitive changes. A POST that went well ends in a redirect whose
 * `?done=` names what to tell (`layout.ts`), save where a secret is shown once; one that did not shows
 * its page again, with what was wrong beside the fields. Texts are in `texts/`. Who may do what with
 * applications and members is `access/applications/role-rights.ts`.
 */
export async function accountRoutes(app: FastifyInstance, options: AccountOptions): Promise<void> {
  preparePages(app)
  await acceptUploads(app)
  const asPerson = createAsPerson(options)
  profileRoutes(app, options, asPerson)
  newEmailRoutes(app, options, asPerson)
  securityRoutes(app, options, asPerson)
  sessionRoutes(app, options, asPerson)
  consentRoutes(app, options, asPerson)
  memberRoutes(app, options, asPerson)
  deletionRoutes(app, options, asPerson)
  listRoute(app, options, asPerson)
  registerRoutes(app, options, asPerson)
  applicationRoutes(app, options, asPerson)
}
