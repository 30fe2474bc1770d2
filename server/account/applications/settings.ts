import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Applications } from '../../access/applications/applications.ts'
import {
  checkbox,
  type FieldErrors,
  fileField,
  postForm,
  radios,
  submitButton,
  textArea,
} from '../../pages/form.ts'
import { type Html, html } from '../../pages/html.ts'
import { pageRoute } from '../../pages/route.ts'
import { withDone } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson } from '../person.ts'
import type { Part, ShowApplication } from './application.ts'
import {
  applicationFields,
  givenOf,
  type GivenFields,
  parseApplication,
  parseUris,
} from './application-form.ts'
import { type FindApplication, idOf, pathOf } from './find-application.ts'
import { logoOf } from './logo.ts'
import { parseLogo, readUpload } from './upload.ts'

/** What was typed into the settings, to be filled in again. */
export interface GivenSettings extends GivenFields {
  signOutUrls: string
}

/** What the application is called, where it lives, what it may ask for; and its logo. */
export function settingsRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { sent }: AsPerson,
  find: FindApplication,
  show: ShowApplication,
): void {
  const { applications } = options
  const limit = { quota: 120, windowSeconds: 3_600 }
  const back = (request: FastifyRequest) => pathOf(idOf(request))

  app.post(
    '/applications/:id',
    pageRoute('applications.change', limit),
    sent(back, async (person, form, request, reply) => {
      const application = await find.manageable(person, idOf(request))
      const { texts, actor, account } = person
      const { client } = application
      const { type } = client
      const { fields, given, errors } = parseApplication(form, {
        texts,
        type,
        scopes: applications.scopes,
      })
      const signOutUrls = form.get('post_logout_redirect_uris')
      const signOut = parseUris(signOutUrls, type, texts)
      const refreshMode = form.get('refresh_mode') ?? client.refreshMode
      const all: FieldErrors = {
        ...errors,
        ...(signOut.fault !== null && { post_logout_redirect_uris: signOut.fault }),
        ...(refreshMode !== 'rotate' &&
          refreshMode !== 'keep' && { refresh_mode: texts.faults.choice(texts.form.refresh) }),
      }
      if (Object.keys(all).length > 0) {
        const settings = { ...given, signOutUrls: (signOutUrls ?? '').slice(0, 45_000) }
        return show(person, application, {}, { errors: all, settings })
      }
      const changes = {
        ...fields,
        postLogoutRedirectUris: signOut.uris,
        refreshMode: refreshMode === 'keep' ? ('keep' as const) : ('rotate' as const),
        // RFC 9700 §2.1.1: public clients always, whatever the form says.
        requirePkce: type === 'public' || form.get('require_pkce') !== null,
        // What the profile demands is not for the form to change.
        ...(client.profile === 'fapi2' && { refreshMode: 'keep' as const, requirePkce: true }),
      }
      const outcome = await applications.change(actor, client.id, changes, account.email)
      if (outcome.kind === 'refused') {
        const refusal = texts.application.refused(outcome.fault.member, outcome.fault.reason)
        return show(person, application, {}, { status: 400, refusal })
      }
      return reply.redirect(withDone(pathOf(client.id), 'application'), 303)
    }),
  )

  app.post(
    '/applications/:id/logo',
    pageRoute('applications.setLogo', limit),
    sent(
      back,
      async (person, _form, request, reply) => {
        const application = await find.manageable(person, idOf(request))
        const { texts, actor } = person
        const { logo, fault } = parseLogo(request, texts)
        if (!logo) {
          const errors = { logo: fault ?? texts.form.logoMissing }
          return show(person, application, {}, { errors })
        }
        const { id } = application.client
        await applications.setLogo(actor, id, logo)
        return reply.redirect(withDone(pathOf(id), 'logo'), 303)
      },
      { read: readUpload },
    ),
  )

  app.post(
    '/applications/:id/logo/remove',
    pageRoute('applications.removeLogo', limit),
    sent(back, async (person, _form, request, reply) => {
      const { client } = await find.manageable(person, idOf(request))
      await applications.setLogo(person.actor, client.id, null)
      return reply.redirect(withDone(pathOf(client.id), 'logo-removed'), 303)
    }),
  )
}

export function settingsPart({
  person,
  application: { client },
  errors,
  scopes,
  waiting,
  given,
}: Part & {
  scopes: Applications['scopes']
  waiting: readonly string[]
  given: GivenSettings | undefined
}): Html {
  const { texts, token } = person
  const { form: t } = texts
  return postForm({
    id: 'settings-form',
    action: pathOf(client.id),
    token,
    body: html`${applicationFields(texts, given ?? givenOf(client, waiting), errors, {
      scopes,
      granted: client.scopes,
      waiting,
    })}${textArea({
      name: 'post_logout_redirect_uris',
      label: t.signOutUrls,
      hint: t.signOutUrlsHint,
      value: given?.signOutUrls ?? client.postLogoutRedirectUris.join('\n'),
      rows: 2,
      error: errors.post_logout_redirect_uris,
    })}${radios({
      name: 'refresh_mode',
      legend: t.refresh,
      error: errors.refresh_mode,
      options: [
        {
          value: 'rotate',
          label: t.rotate,
          hint: t.rotateHint,
          checked: client.refreshMode === 'rotate',
        },
        { value: 'keep', label: t.keep, hint: t.keepHint, checked: client.refreshMode === 'keep' },
      ],
    })}${checkbox({
      name: 'require_pkce',
      label: t.pkce,
      hint: client.type === 'public' ? t.pkceAlways : t.pkceHint,
      checked: client.type === 'public' || client.requirePkce,
      disabled: client.type === 'public',
    })}${submitButton({ id: 'save', label: t.save })}`,
  })
}

export function logoPart({ person, application: { client }, errors }: Part): Html {
  const { texts, token } = person
  const { application: t, form } = texts
  const path = `${pathOf(client.id)}/logo`
  return html`<p>${client.logoAt === null ? t.noLogo : logoOf(client)}</p>
    ${postForm({
      id: 'logo-form',
      action: path,
      token,
      upload: true,
      body: html`${fileField({
        name: 'logo',
        label: form.logo,
        hint: form.logoHint,
        accept: 'image/png,image/jpeg,image/webp',
        error: errors.logo,
      })}${submitButton({ id: 'upload-logo', label: t.upload, kind: 'plain' })}`,
    })}
    ${
      client.logoAt !== null &&
      postForm({
        id: 'remove-logo-form',
        action: `${path}/remove`,
        token,
        body: submitButton({ id: 'remove-logo', label: t.removeLogo, kind: 'link' }),
      })
    }`
}
