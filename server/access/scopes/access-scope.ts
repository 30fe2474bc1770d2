/**
 * What one verified token may see and do on map data. Every function of the map stores that reads
 * features takes one, so that no query can forget to ask.
 */
export interface AccessScope {
  /** Whether features of this collection may be read: all of them, or none. */
  read(collectionId: string): 'all' | 'none'
}

/** The built-in sample collections are public: any token with `read` sees them whole. */
export const publicAccessScope: AccessScope = { read: () => 'all' }
