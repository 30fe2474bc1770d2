import { badParameter } from '../../protocol/problem.ts'
import { isObject } from './merge-patch.ts'

/**
 * Judges the member `crs` of GeoJSON 2008, which RFC 7946 §4 has taken out and GDAL still writes: it may
 * be missing, null, or name CRS84.
 * @param path of the member in the body
 * @throws Problem 400
 */
export function requireCrs84(crs: unknown, path: string): void {
  if (crs === undefined || crs === null) return
  const named = isObject(crs) && isObject(crs['properties']) ? crs['properties']['name'] : undefined
  if (typeof named === 'string' && CRS84.test(named)) return
  throw badParameter(
    path,
    'must be left out or name urn:ogc:def:crs:OGC:1.3:CRS84: coordinates are longitude and latitude',
  )
}

const CRS84 =
  /^(urn:ogc:def:crs:OGC:(1\.3)?:CRS84|https?:\/\/www\.opengis\.net\/def\/crs\/OGC\/(1\.3|0)\/CRS84)$/
