import type pg from 'pg'

/** One transaction; what the work throws undoes it. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
  begin = 'begin',
): Promise<Result> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query(begin)
    try {
      const result = await work(client)
      await client.query('commit')
      broken = false
      return result
    } catch (error) {
      await client.query('rollback')
      broken = false
      throw error
    }
  } finally {
    // The server rolls back what a closed connection has left open.
    client.release(broken)
  }
}
