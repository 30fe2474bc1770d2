import { describe, expect, it } from 'vitest'
import { createMessages } from './messages.ts'

const messages = createMessages('Lund Maps')
const LINK = 'https://maps.example/reset-password?token=mgl_1'

describe('messages', () => {
  it('make nothing of names that a mail program could follow', () => {
    const name = 'Win!\r\nhttps://evil.example/prize www.evil.example mail evil@x.example'
    const { text } = messages.invitation('ann@lund.example', {
      customerName: name,
      role: 'viewer',
      invitedBy: name,
      link: LINK,
    })
    expect(text).not.toMatch(/evil\.example|https:\/\/evil|@x/)
    expect(text).toContain(LINK)
    expect(text.split('\n').every((line) => line.length < 300)).toBe(true)
  })

  it('tell an address that nobody confirmed no name of a stranger', () => {
    expect(messages.confirmEmail('ann@lund.example', { link: LINK })).toEqual({
      to: 'ann@lund.example',
      subject: 'Lund Maps: confirm your e-mail address',
      text: expect.stringContaining(LINK),
      link: LINK,
    })
  })

  it('keep ordinary names as they are', () => {
    const { text } = messages.passwordChanged('ann@lund.example', {
      name: 'Åsa O’Neill-Ek',
      link: LINK,
    })
    expect(text).toContain('Hello Åsa O’Neill-Ek,')
  })
})
