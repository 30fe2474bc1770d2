import { type Box, boxUnion } from '../../geo/box.ts'
import type { Limits, ScopeArea, Window } from './access-scope.ts'

/**
 * Layers of areas as limits: a feature must intersect at least one area of each layer. Areas are
 * never intersected with each other.
 */
export function limitsOf(layers: readonly (readonly ScopeArea[])[]): Limits {
  const limits: Limits = {
    layers,
    windows: windowsOf(layers),
    judge(box) {
      let all: 'inside' | 'edge' = 'inside'
      for (const layer of layers) {
        const verdict = judgeLayer(layer, box)
        if (verdict === 'outside') return 'outside'
        if (verdict === 'edge') all = 'edge'
      }
      return all
    },
    sees: (geometry) =>
      layers.every((layer) => layer.some(({ area }) => area.intersects(geometry))),
    covers: (geometry) =>
      layers.every((layer) => layer.some(({ area }) => area.contains(geometry))),
    within(boxes) {
      const left = layers.filter((layer) =>
        boxes.some((box) => judgeLayer(layer, box) !== 'inside'),
      )
      if (left.length === 0) return 'all'
      return left.length === layers.length ? limits : limitsOf(left)
    },
  }
  return limits
}

type Layer = readonly ScopeArea[]

function judgeLayer(layer: Layer, box: Box): 'inside' | 'outside' | 'edge' {
  const isPoint = box.west === box.east && box.south === box.north
  if (isPoint) {
    return layer.some(({ area }) => area.covers(box.west, box.south)) ? 'inside' : 'outside'
  }
  let best: 'outside' | 'edge' = 'outside'
  for (const { area } of layer) {
    const verdict = area.classify(box)
    if (verdict === 'inside') return 'inside'
    if (verdict === 'edge') best = 'edge'
  }
  return best
}

/** An index is asked once for each. */
const MAXIMUM_WINDOWS = 8

const WORLD: Window = { west: -180, south: -90, east: 180, north: 90 }

/** One box of each layer: in every combination, unless these are too many. */
function windowsOf(layers: readonly Layer[]): Window[] {
  return layers.reduce<Window[]>(
    (windows, layer) => {
      const boxes = layer.flatMap(({ area }) => area.boxes)
      const few = windows.length * boxes.length <= MAXIMUM_WINDOWS
      return (few ? boxes : [boxes.reduce(boxUnion)]).flatMap((box) =>
        windows.map((window) => common(window, box)),
      )
    },
    [WORLD],
  )
}

/** See `Window`. */
export function common(a: Window, b: Window): Window {
  return {
    west: Math.max(a.west, b.west),
    south: Math.max(a.south, b.south),
    east: Math.min(a.east, b.east),
    north: Math.min(a.north, b.north),
  }
}
