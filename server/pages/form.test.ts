import { describe, expect, it } from 'vitest'
import { checkboxes, checkedOf, errorSummary, textField } from './form.ts'

describe('a field', () => {
  it('is tied to its label, its hint and its error', () => {
    const { markup } = textField({ name: 'city', label: 'City', hint: 'In full', error: 'Wrong' })
    expect(markup).toContain('<label for="city">City</label>')
    expect(markup).toContain('aria-describedby="city-hint city-error"')
    expect(markup).toContain('aria-invalid="true"')
    expect(markup).toContain('id="city-error">Wrong<')
  })

  it('shows what was typed as text', () => {
    expect(textField({ name: 'city', label: 'City', value: '"><b>' }).markup).not.toContain('<b>')
  })
})

it('names each box of a group by itself, and reads those that were ticked', () => {
  const options = ['read', 'write'].map((value) => ({ value, label: value }))
  const { markup } = checkboxes({ name: 'scope', legend: 'Scopes', options })
  expect(markup).toContain('name="scope_read"')
  expect(markup).toContain('name="scope_write"')
  const form = new Map([['scope_write', 'on']])
  const sent = { get: (name: string) => form.get(name) ?? null }
  expect(checkedOf(sent, 'scope', ['read', 'write'])).toEqual(['write'])
})

it('sums up errors with links to their fields, and nothing when there are none', () => {
  expect(errorSummary('Check', {})).toBeNull()
  const { markup } = errorSummary('Check', { city: 'Wrong' })!
  expect(markup).toContain('role="alert"')
  expect(markup).toContain('<a href="#city">Wrong</a>')
})
