/**
 * Served as a file, as no page runs anything else. See
 * `passkey.ts` for what it works on. In the language of old browsers, like the pages.
 */
export const PASSKEY_SCRIPT = `'use strict'
;(function () {
  if (!window.PublicKeyCredential || !navigator.credentials) return

  function toBytes(text) {
    var plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
    var bytes = new Uint8Array(plain.length)
    for (var index = 0; index < plain.length; index++) bytes[index] = plain.charCodeAt(index)
    return bytes
  }

  function toText(buffer) {
    if (!buffer) return undefined
    var plain = ''
    new Uint8Array(buffer).forEach(function (byte) { plain += String.fromCharCode(byte) })
    return btoa(plain).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
  }

  function withBytes(options) {
    options.challenge = toBytes(options.challenge)
    if (options.user) options.user.id = toBytes(options.user.id)
    ;(options.allowCredentials || []).concat(options.excludeCredentials || []).forEach(function (known) {
      known.id = toBytes(known.id)
    })
    return options
  }

  function toJson(credential) {
    var response = credential.response
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        clientDataJSON: toText(response.clientDataJSON),
        attestationObject: toText(response.attestationObject),
        authenticatorData: toText(response.authenticatorData),
        signature: toText(response.signature),
        userHandle: toText(response.userHandle),
        transports: response.getTransports ? response.getTransports() : undefined,
      },
    })
  }

  function fieldsOf(form) {
    var fields = new URLSearchParams()
    new FormData(form).forEach(function (value, name) { fields.append(name, value) })
    return fields
  }

  function start(form) {
    var failure = document.createElement('p')
    failure.className = 'fault'
    failure.setAttribute('role', 'alert')
    var button = document.createElement('button')
    button.type = 'submit'
    button.className = 'button plain'
    button.id = form.id + '-button'
    button.textContent = form.dataset.label
    form.appendChild(failure)
    form.appendChild(button)
    form.hidden = false
    form.addEventListener('submit', function (event) {
      event.preventDefault()
      failure.textContent = ''
      button.disabled = true
      fetch(form.dataset.options, { method: 'POST', body: fieldsOf(form), headers: { accept: 'application/json' } })
        .then(function (answer) {
          if (!answer.ok) throw new Error(String(answer.status))
          return answer.json()
        })
        .then(function (begun) {
          form.elements.challenge.value = begun.challenge
          var asked = { publicKey: withBytes(begun.options) }
          return form.dataset.passkey === 'create'
            ? navigator.credentials.create(asked)
            : navigator.credentials.get(asked)
        })
        .then(function (credential) {
          form.elements.response.value = toJson(credential)
          form.submit()
        })
        .catch(function () {
          button.disabled = false
          failure.textContent = form.dataset.failure
        })
    })
  }

  document.querySelectorAll('form[data-passkey]').forEach(start)
})()
`
