import type { AreaGeometry } from '../access/areas/areas.ts'
import { type Html, html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'

const WIDTH = 480
const MARGIN = 24
/** More points than a drawing of this size can show. */
const MAXIMUM_POINTS = 2_000

/** A drawing of an area with its graticule: no map behind it, because that would be another's request. */
export function areaSketch(geometry: AreaGeometry, { consent }: Messages): Html {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  const positions = polygons.flat(2)
  const longitudes = positions.map(([longitude]) => longitude!)
  const latitudes = positions.map(([, latitude]) => latitude!)
  const [west, east] = extent(longitudes)
  const [south, north] = extent(latitudes)
  // Degrees of longitude are shorter away from the equator.
  const narrowing = Math.max(0.05, Math.cos(((south + north) / 2) * (Math.PI / 180)))
  const across = Math.max((east - west) * narrowing, 1e-6)
  const up = Math.max(north - south, 1e-6)
  const scale = Math.min((WIDTH - 2 * MARGIN) / across, WIDTH / 2 / up)
  const height = Math.round(up * scale + 2 * MARGIN)
  const left = (WIDTH - across * scale) / 2
  const x = (longitude: number) => round(left + (longitude - west) * narrowing * scale)
  const y = (latitude: number) => round(MARGIN + (north - latitude) * scale)

  const path = polygons
    .flat()
    .map((ring) => {
      const every = Math.ceil((ring.length * polygons.length) / MAXIMUM_POINTS)
      const shown = ring.filter((_, index) => index % every === 0)
      return `M${shown.map(([longitude, latitude]) => `${x(longitude!)} ${y(latitude!)}`).join('L')}Z`
    })
    .join('')
  const step = graticuleStep(Math.max(across / narrowing, up))
  const meridians = lines(west - left / scale / narrowing, east + left / scale / narrowing, step)
  const parallels = lines(south - MARGIN / scale, north + MARGIN / scale, step)
  const graticule = [
    ...meridians.map((longitude) => `M${x(longitude)} ${-WIDTH}V${2 * WIDTH}`),
    ...parallels.map((latitude) => `M${-WIDTH} ${y(latitude)}H${2 * WIDTH}`),
  ].join('')
  const digits = step >= 1 ? 1 : Math.min(6, Math.ceil(-Math.log10(step)) + 1)
  const degrees = (value: number) => `${value.toFixed(digits)}°`
  return html`<figure class="sketch">
    <svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${consent.areaLabel}">
      <path class="lines" d="${graticule}" fill="none" />
      <path class="area" d="${path}" fill-rule="evenodd" />
    </svg>
    <figcaption>
      ${consent.box(degrees(west), degrees(south), degrees(east), degrees(north))}
    </figcaption>
  </figure>`
}

function extent(values: readonly number[]): [least: number, greatest: number] {
  // Not by spreading: an area may have thousands of points.
  let least = Infinity
  let greatest = -Infinity
  for (const value of values) {
    least = Math.min(least, value)
    greatest = Math.max(greatest, value)
  }
  return [least, greatest]
}

/** A step of 1, 2 or 5 times a power of ten that gives some four lines. */
function graticuleStep(degrees: number): number {
  const power = 10 ** Math.floor(Math.log10(degrees / 4))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= degrees / 4) ?? 10
  return factor * power
}

function lines(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step)
  const count = Math.min(40, Math.max(0, Math.floor(to / step) - first + 1))
  return Array.from({ length: count }, (_, index) => (first + index) * step)
}

const round = (value: number) => Math.round(value * 10) / 10
