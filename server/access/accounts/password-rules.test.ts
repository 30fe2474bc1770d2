import { describe, expect, it } from 'vitest'
import { judgePassword } from './password-rules.ts'

const judge = (password: string, about: Partial<Parameters<typeof judgePassword>[1]> = {}) =>
  judgePassword(password, { secondFactor: false, ...about }).kind

describe('NIST SP 800-63B-4 §3.1.1.2', () => {
  it('asks for 15 characters, or 8 beside a second factor, counted as people count them', () => {
    expect(judge('vL9#kqTz!xW4pR')).toBe('too-short')
    expect(judge('vL9#kqTz!xW4pRs')).toBe('good')
    expect(judge('vL9#kqT', { secondFactor: true })).toBe('too-short')
    expect(judge('vL9#kqTz', { secondFactor: true })).toBe('good')
    expect(judge('🗺️🧭🏔️🚲')).toBe('too-short')
    expect(judgePassword('x', { secondFactor: true })).toEqual({ kind: 'too-short', minimum: 8 })
  })

  it('allows long ones, of any characters, up to 1024 bytes', () => {
    expect(judge('a walk along the river in the first snow of the year'.repeat(3))).toBe('good')
    expect(judge('åäö vid sjön på kvällen')).toBe('good')
    expect(judge('vL9#'.repeat(256))).not.toBe('too-long')
    expect(judge(`${'vL9#'.repeat(256)}x`)).toBe('too-long')
    expect(judge('é'.repeat(513))).toBe('too-long')
  })

  it('refuses common ones, whatever their case, and what is like them', () => {
    for (const common of ['passwordpassword', 'PasswordPassword', '1qaz2wsx3edc4rfv']) {
      expect(judge(common)).toBe('common')
    }
    for (const alike of [
      'aaaaaaaaaaaaaaaa',
      'abcdefghijklmnop',
      '123456789012345',
      '987654321098765',
    ]) {
      expect(judge(alike)).toBe('common')
    }
    expect(judge('hunter2hunter2hunter2')).toBe('common')
    expect(judge('football', { secondFactor: true })).toBe('common')
  })

  it('refuses the person’s own e-mail and name', () => {
    const about = { email: 'ann.lindqvist@lund.example', name: 'Ann Lindqvist' }
    expect(judge('ann.lindqvist@lund.example', about)).toBe('personal')
    expect(judge('AnnLindqvist1234', about)).toBe('personal')
    expect(judge('lindqvist-lindqvist', about)).toBe('personal')
    expect(judge('lindqvist keeps seven green bicycles', about)).toBe('good')
    expect(judge('Mary had 1 lamb, not 2', { name: 'Mary', email: 'm@x.example' })).toBe('good')
  })
})
