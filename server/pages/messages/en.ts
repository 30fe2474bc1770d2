/** English. Texts with parameters are functions; markup is put around them by the pages. */
export const en = {
  language: 'en',
  layout: {
    skip: 'Skip to the content',
    copy: 'Copy',
    copied: 'Copied',
    navigation: 'Main',
    account: 'Account',
    applications: 'Applications',
    signOut: 'Sign out',
  },
  fields: {
    name: 'Name',
    nameHint: 'As applications that you sign in to may see it.',
    email: 'E-mail address',
    password: 'Password',
    newPassword: 'New password',
    code: 'Code',
    recoveryCode: 'Recovery code',
  },
  faults: {
    title: 'Please check this',
    name: 'Enter your name.',
    nameLong: 'The name is too long: use at most 100 characters.',
    nameCharacters: 'The name has characters that cannot be used, such as line breaks.',
    email: 'Enter an e-mail address, such as name@example.com.',
    password: 'Enter your password.',
    code: 'Enter the code.',
    passwordShort: (minimum: number) =>
      `The password is too short: use at least ${minimum} characters. Several words in a row are easy to remember.`,
    passwordLong: 'The password is too long: use at most 1024 characters.',
    passwordCommon: 'This password is known to many. Choose one that only you would think of.',
    passwordPersonal: 'The password must not be made of your name or e-mail address.',
  },
  signIn: {
    title: 'Sign in',
    toContinue: (client: string) => `to continue to ${client}`,
    again: 'Sign in again to go on.',
    submit: 'Sign in',
    forgot: 'Forgot your password?',
    passkey: 'Sign in with a passkey',
    passkeyFailed: 'That did not work. Try again, or sign in another way.',
    organisation: 'Sign in through your organisation',
    noAccount: 'No account yet?',
    signUp: 'Create an account',
    wrong:
      'The e-mail address or the password is not right. If the address is not confirmed yet, a new message is on its way to it.',
    wrongPasskey: 'This passkey is not known here, or took too long. Try again.',
    notices: {
      confirmed: 'Your e-mail address is confirmed. You can sign in now.',
      reset:
        'Your password is changed, and you were signed out everywhere. Sign in with the new one.',
      'signed-out': 'You are signed out.',
      deleted: 'Your account is deleted.',
    },
  },
  organisation: {
    title: 'Sign in through your organisation',
    text: 'Enter your e-mail address at work. If your organisation signs its people in, you go on to its page.',
    submit: 'Go on',
    unknown: 'No organisation with this e-mail domain signs its people in here.',
    back: 'Sign in with a password',
    leading: 'Your organisation signs you in',
    leadingText: 'You are being taken to your organisation’s page.',
    goOn: 'Go on to your organisation',
  },
  upstream: {
    title: 'You are not signed in',
    again: 'Try again',
    back: 'Back to the sign-in page',
    /** After the id of the request. */
    provider: 'Sign-in of the organisation:',
    'unknown-provider':
      'There is no organisation of this name here. Begin again with your e-mail address.',
    unavailable:
      'Your organisation’s sign-in cannot be reached now. Try again in a few minutes; if that does not help, tell those who look after it.',
    expired:
      'This sign-in took too long, was used already, or was begun in another browser. Begin again where you wanted to sign in.',
    denied: 'Your organisation’s sign-in ended without letting you in.',
    refused:
      'Your organisation’s sign-in sent an answer that cannot be trusted. Try again; if that does not help, tell those who look after it.',
    'not-fresh':
      'You have to prove anew who you are, and your organisation’s sign-in did not ask you, or does not say when it did. Try again, or sign in here in another way.',
    'no-email':
      'Your organisation’s sign-in names no confirmed e-mail address of yours, and one is needed here. Tell those who look after it.',
    'foreign-domain':
      'Your organisation’s sign-in names an e-mail address of another organisation. Sign in with one of your own.',
    suspended: 'Your account here is suspended. Ask those who run this service.',
  },
  secondFactor: {
    title: 'One more step',
    text: 'Enter the six digits that your authenticator app shows now.',
    passkeyText: 'Confirm with your passkey that it is you.',
    submit: 'Go on',
    passkey: 'Use a passkey',
    recovery: 'Use a recovery code instead',
    recoveryTitle: 'Use a recovery code',
    recoveryText: 'Enter one of the recovery codes that you kept. Each works once.',
    back: 'Use the authenticator app instead',
    wrong: 'This code is not right, or was used already.',
    expired: 'This sign-in took too long',
    expiredAdvice: 'Begin again with your e-mail address and password.',
    startOver: 'Begin again',
  },
  signUp: {
    title: 'Create an account',
    passwordHint: (minimum: number) =>
      `At least ${minimum} characters. Several words in a row are good.`,
    submit: 'Create the account',
    haveAccount: 'Have an account already?',
    sentTitle: 'Check your e-mail',
    sent: (email: string) =>
      `We have sent a message to ${email}. Open the link in it to go on. It may take a minute; look among unwanted messages too.`,
    back: 'Back to the sign-in page',
  },
  confirm: {
    title: 'Confirm your e-mail address',
    text: (email: string) => `Confirm that ${email} is yours.`,
    passwordHint:
      'You opened the link in another browser than you signed up with: enter the password that you chose there. If you did not sign up, set a new one instead.',
    wrong: 'The password is not the one that was chosen at the sign-up.',
    submit: 'Confirm',
  },
  links: {
    deadTitle: 'This link does not work any more',
    dead: 'It was used already, has expired, or was copied incompletely.',
  },
  forgot: {
    title: 'Forgot your password?',
    text: 'Enter your e-mail address, and we send you a link with which you choose a new password.',
    submit: 'Send the link',
    sent: (email: string) =>
      `If there is an account of ${email}, a message with a link is on its way. The link works for an hour.`,
  },
  reset: {
    title: 'Choose a new password',
    text: (email: string) => `For the account of ${email}. You will be signed out everywhere else.`,
    submit: 'Change the password',
  },
  invitation: {
    title: (customer: string) => `Join ${customer}`,
    text: (customer: string, role: string) => `You are invited to join ${customer} as ${role}.`,
    newAccount: (email: string) => `Create an account for ${email} to accept.`,
    accept: 'Join',
    create: 'Create the account and join',
    signIn: 'Sign in to accept',
    existing: (email: string) => `Sign in as ${email} to accept.`,
    otherAccount: (invited: string, current: string) =>
      `The invitation is for ${invited}, but you are signed in as ${current}. Sign out, then open the link again.`,
    roles: {
      owner: 'owner',
      admin: 'administrator',
      developer: 'developer',
      viewer: 'viewer',
    },
  },
  setup: {
    title: 'Set up this installation',
    text: 'Create the account of the first operator, who runs this installation.',
    submit: 'Create the operator’s account',
    known: 'There is an account with this e-mail address already: use another one.',
  },
  signOut: {
    title: 'Sign out',
    text: (name: string) => `You are signed in as ${name}.`,
    submit: 'Sign out',
    doneTitle: 'You are signed out',
    done: 'You can close this page, or sign in again.',
    startOver: (client: string) =>
      `Go back to ${client} and begin again to sign in as somebody else.`,
  },
  consent: {
    title: (client: string) => `Authorize ${client}?`,
    asks: (client: string) => `${client} asks for your permission to:`,
    asksMore: (client: string) => `${client} asks for more than you allowed before:`,
    by: (owner: string) => `by ${owner}`,
    newScope: 'new',
    may: 'May',
    area: 'Only within this area',
    everywhere: 'Everywhere',
    areaLabel: 'The area on a map, without a background',
    box: (west: string, south: string, east: string, north: string) =>
      `Longitude ${west} to ${east}, latitude ${south} to ${north}`,
    whole: 'Things that touch the edge of the area are shown whole.',
    collections: 'Collections',
    allCollections: 'All collections that the application may see',
    actions: { read: 'Read', write: 'Change', upload: 'Upload' },
    details: 'Limited to',
    signedInAs: 'Signed in as',
    notYou: 'Not you?',
    allow: 'Authorize',
    deny: 'Deny',
    website: 'Website',
    terms: 'Terms',
    privacy: 'Privacy',
    goesTo: (place: string) => `You then go on to ${place}.`,
    onDevice:
      'A device is waiting. Allow this only if you entered the code that your own device shows.',
    withdraw:
      'You can take this back at any time, in your account under “Applications with access”.',
    scopes: {
      openid: 'Know who you are, by a number that stays the same',
      profile: 'See your name',
      email: 'See your e-mail address',
      offline_access: 'Keep access while you are away, until you take it back',
    } as Record<string, string>,
    nothing: 'Sign you in. It asks for no access to data.',
  },
  authorize: {
    refusedTitle: 'The application sent a request that cannot be answered',
    refused:
      'You were not signed in to it. Go back to the application and try again, or tell those who run it.',
    /** After the host of its redirect URI, or the scheme of an app's. */
    toApplication: (place: string) => `Back to the application, at ${place}`,
    formPostTitle: 'One moment',
    formPost: 'You are being sent back to the application.',
    formPostSubmit: 'Continue',
  },
  device: {
    title: 'Connect a device',
    text: 'Enter the code that your device shows.',
    code: 'Code on the device',
    codeHint: 'Eight letters, such as WDJB-MJHT.',
    submit: 'Continue',
    wrong: 'There is no device with this code. It may have expired: a code works for ten minutes.',
    allowedTitle: 'The device is connected',
    allowed: 'You can go back to it and close this page.',
    deniedTitle: 'The device is not connected',
    denied: 'It has no access. You can close this page.',
    goneTitle: 'This device cannot be connected any more',
    gone: 'It took too long, was answered already, or was begun in another browser or by another person. Start again on the device.',
  },
  errors: {
    requestId: 'Request',
    refused: 'That did not work',
    startOver: {
      title: 'Please start over',
      advice:
        'This sign-in has expired, was finished already, or was begun in another browser or by somebody else. Go back to the application and begin again there.',
    },
    otherAccount: {
      title: 'This is another account',
      advice:
        'The application asks for the account that you used there before. Sign in with that one, or go back to the application.',
    },
    expiredForm: {
      title: 'This form has expired',
      advice:
        'Nothing was changed. Go back, reload the page, and try again. Your browser must accept cookies.',
    },
    byStatus: {
      400: {
        title: 'This request cannot be understood',
        advice: 'Go back and try again. If you came from another page, its link may be wrong.',
      },
      403: { title: 'This is not allowed', advice: 'You may not do this with your account.' },
      404: {
        title: 'There is nothing here',
        advice: 'The address may be wrong, or what was here is gone.',
      },
      429: {
        title: 'Too many attempts',
        advice: 'Wait a few minutes, then try again.',
      },
      500: {
        title: 'Something went wrong here',
        advice: 'It is not your fault, and it was noted. Try again later.',
      },
      503: { title: 'Unavailable for a moment', advice: 'Try again in a moment.' },
    } as Record<number, { title: string; advice: string } | undefined>,
  },
}
