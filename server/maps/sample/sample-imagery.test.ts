import { VectorTile } from '@mapbox/vector-tile'
import type { LineString, Point } from 'geojson'
import { PbfReader } from 'pbf'
import { describe, expect, it } from 'vitest'
import { type Detection, images as imagesOf, sequences as sequencesOf } from './sample-imagery.ts'

const load = async () => [
  [...(await imagesOf.load()).features],
  [...(await sequencesOf.load()).features],
]
const [images, sequences] = await load()

describe('the made-up imagery', () => {
  it('is the same each time', async () => {
    expect(await load()).toEqual([images, sequences])
  })

  it('says of itself that it is made up', () => {
    for (const { collection } of [imagesOf, sequencesOf]) {
      expect(collection.attribution).toContain('Synthetic')
    }
    for (const { properties } of [...images!, ...sequences!]) {
      expect(properties['synthetic']).toBe(true)
    }
  })

  it('has images in Madison under int64 ids, the documented one among them', () => {
    const ids = images!.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toContain('169979785061521')
    for (const { id, geometry } of images!) {
      expect(BigInt.asIntN(64, BigInt(id)).toString()).toBe(id)
      const [longitude, latitude] = (geometry as Point).coordinates as [number, number]
      expect(longitude).toBeGreaterThan(-89.42)
      expect(longitude).toBeLessThan(-89.36)
      expect(latitude).toBeGreaterThan(43.05)
      expect(latitude).toBeLessThan(43.1)
    }
  })

  it('has each image at its place in its sequence', () => {
    const placed = sequences!.flatMap(({ id, geometry, properties }) =>
      (properties['image_ids'] as string[]).map((imageId, index) => [
        imageId,
        id,
        (geometry as LineString).coordinates[index],
      ]),
    )
    expect(placed).toEqual(
      images!.map(({ id, geometry, properties }) => [
        id,
        properties['sequence_id'],
        (geometry as Point).coordinates,
      ]),
    )
  })

  it('has detections in every image, their outlines within it', () => {
    const seen = new Set<string>()
    for (const { properties } of images!) {
      const detections = properties['detections'] as Detection[]
      expect(detections.length).toBeGreaterThan(0)
      for (const { id, value, geometry, created_at } of detections) {
        seen.add(id)
        expect(value).toMatch(/^[a-z]+(?:--[a-z0-9-]+)+$/)
        expect(created_at).toBeGreaterThan(properties['captured_at'] as number)
        const layer = new VectorTile(new PbfReader(Buffer.from(geometry, 'base64'))).layers[
          'mpy-or'
        ]!
        expect([layer.extent, layer.length]).toEqual([4_096, 1])
        const [ring] = layer.feature(0).loadGeometry()
        expect(ring).toHaveLength(5)
        for (const { x, y } of ring!) {
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
          expect(Math.max(x, y)).toBeLessThanOrEqual(4_096)
        }
      }
    }
    const total = images!.reduce(
      (sum, { properties }) => sum + (properties['detections'] as Detection[]).length,
      0,
    )
    expect(seen.size).toBe(total)
  })
})
