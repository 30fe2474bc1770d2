import type { Collection } from '../../access/collections/collection.ts'
import type { GenerationDefinition, NewFeature } from '../store/changes.ts'

/** One collection of the sample data: how it is registered, what its features are, and where from. */
export interface SampleCollection {
  collection: Omit<Collection, 'createdAt' | 'updatedAt'>
  definition: GenerationDefinition
  load(): Promise<SampleFeatures>
}

export interface SampleFeatures {
  /** Features at most: what is read twice is left out. */
  total: number
  features: Iterable<SampleFeature>
}

export type SampleFeature = NewFeature & { id: string }
