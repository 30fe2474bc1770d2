import { LRUCache } from 'lru-cache'

/**
 * Keeps at most so many values, those that were used last. By their size, not by `max`, which would take
 * up the room of all of them at once.
 */
export function boundedCache<Value extends {}>(maximum: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: maximum, sizeCalculation: () => 1 })
}
