import { execFileSync } from 'node:child_process'

/** A disk of its own in a folder; disposed, it is gone with what is on it. */
export interface SmallDisk extends Disposable {
  grow(size: string): void
}

/**
 * @param size as tmpfs takes it, such as `14m`
 * @returns why there is none: it takes a Linux and its administrator
 */
export function mountSmallDisk(folder: string, size: string): SmallDisk | string {
  const mount = (options: string, ...more: string[]) =>
    execFileSync('mount', [...more, '-o', options, folder], { stdio: 'pipe' })
  try {
    mount(`size=${size}`, '-t', 'tmpfs', 'tmpfs')
  } catch (error) {
    return `a small disk cannot be mounted: ${(error as Error).message}`
  }
  return {
    grow: (larger) => void mount(`remount,size=${larger}`),
    [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', folder]),
  }
}
