/** Uncompressed. */
export const MAXIMUM_TILE_BYTES = 500_000

/** How far beyond its sides a tile is drawn, so that lines and labels go on: in `TILE_EXTENT`. */
export const TILE_BUFFER = 64
