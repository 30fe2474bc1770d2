import type { ImportProgress } from '../maps/import/run-import.ts'

/** Shows on stderr how far an import is. */
export interface ImportProgressLine {
  /** Another collection comes. @param bytes of its file, which is read twice */
  begin(collectionId: string, bytes: number): void
  /** How far the file has been read. */
  read(bytes: number): void
  show(progress: ImportProgress): void
  /** Whatever is printed next begins on a line of its own. */
  end(): void
}

/** A bar on a terminal; elsewhere a line at each tenth. @param silent shows nothing */
export function createImportProgress(silent: boolean): ImportProgressLine {
  const terminal = process.stderr.isTTY
  let [collection, total, bytes, shown] = ['', 0, 0, '']
  return {
    begin(collectionId, size) {
      ;[collection, total, bytes, shown] = [collectionId, size, 0, '']
    },
    read(value) {
      bytes = value
    },
    show({ phase, records, features, faults }) {
      if (silent) return
      const percent = total === 0 ? 0 : Math.floor((bytes * 100) / total)
      const step = terminal ? percent : Math.floor(percent / 10) * 10
      const key = `${phase} ${step}`
      if (key === shown) return
      shown = key
      const left = faults > 0 ? `, ${faults} cannot be taken` : ''
      const text =
        phase === 'looking'
          ? `${collection}: looking at ${records} records`
          : `${collection}: ${features} features written${left}`
      process.stderr.write(
        terminal ? `\r\x1b[K${bar(step)} ${step} % ${text}` : `${step} % ${text}\n`,
      )
    },
    end() {
      if (!silent && terminal && shown !== '') process.stderr.write('\n')
      shown = ''
    },
  }
}

function bar(percent: number): string {
  const full = Math.round((percent / 100) * BAR_WIDTH)
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_WIDTH - full)}]`
}

const BAR_WIDTH = 24
