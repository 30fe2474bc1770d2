import { describe, expect, it } from 'vitest'
import { FillCache } from './fill-cache.ts'

describe('FillCache', () => {
  it('loads once and stays synchronous when the load is', () => {
    const cache = new FillCache<string>(10)
    let loads = 0
    const load = () => `value ${++loads}`
    expect(cache.get('a', load)).toBe('value 1')
    expect(cache.get('a', load)).toBe('value 1')
  })

  it('shares one load between concurrent callers', async () => {
    const cache = new FillCache<string>(10)
    let loads = 0
    const load = async () => `value ${++loads}`
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([
      'value 1',
      'value 1',
    ])
  })

  it('does not keep a load that was invalidated meanwhile', async () => {
    const cache = new FillCache<string>(10)
    const gate = Promise.withResolvers<string>()
    const first = cache.get('a', () => gate.promise)
    cache.invalidate('a')
    gate.resolve('stale')
    expect(await first).toBe('stale')
    expect(await cache.get('a', async () => 'fresh')).toBe('fresh')
  })

  it('does not keep what was not found, nor a failure', async () => {
    const cache = new FillCache<string>(10)
    expect(cache.get('a', () => null)).toBeNull()
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down')
    expect(cache.get('a', () => 'found')).toBe('found')
  })

  it('is bounded', () => {
    const cache = new FillCache<string>(2)
    for (const key of ['a', 'b', 'c']) void cache.get(key, () => key)
    let loads = 0
    void cache.get('a', () => `again ${++loads}`)
    expect(loads).toBe(1)
  })

  it('keeps what was used last when it is full', () => {
    const cache = new FillCache<string>(4)
    for (const key of ['a', 'b', 'c', 'd', 'a', 'e', 'f', 'a']) void cache.get(key, () => key)
    expect(cache.get('a', () => 'again')).toBe('a')
    expect(cache.get('b', () => 'again')).toBe('again')
  })

  it('forgets what is invalidated, however long ago it was used', () => {
    const cache = new FillCache<string>(4)
    for (const key of ['a', 'b', 'c']) void cache.get(key, () => key)
    for (const key of ['a', 'c']) cache.invalidate(key)
    expect(cache.get('a', () => 'again')).toBe('again')
    expect(cache.get('c', () => 'again')).toBe('again')
    cache.clear()
    expect(cache.get('b', () => 'again')).toBe('again')
  })

  it('keeps what came along with another load, unless something was invalidated meanwhile', () => {
    const cache = new FillCache<string>(10)
    const keep = cache.beginFill()
    const keepLate = cache.beginFill()
    keep('a', 'joined')
    expect(cache.get('a', () => 'loaded')).toBe('joined')
    cache.invalidate('b')
    keepLate('b', 'stale')
    expect(cache.get('b', () => 'fresh')).toBe('fresh')
    const keepLater = cache.beginFill()
    cache.clear()
    keepLater('a', 'stale')
    expect(cache.get('a', () => 'fresh')).toBe('fresh')
  })
})
