import type pg from 'pg'
import { DatabaseUnavailableError } from '../../database/database.ts'
import { createPool, lockNumber } from '../../database/postgres.ts'
import type { Clock } from '../../lib/clock.ts'
import { SlidingWindow } from '../../lib/sliding-window.ts'
import { type Decision, decide, type Policy } from './decision.ts'
import type { LimitStore } from './limits.ts'

/**
 * Counters in an unlogged table of the Postgres database, through a pool of their own, so that
 * neither waits for the other's connections. A call is one transaction that locks its counters in
 * the order of their keys, so that two calls never wait for each other.
 */
export async function openPostgresLimits(url: string, clock: Clock): Promise<LimitStore> {
  const pool = createPool({ url, connections: CONNECTIONS })
  // A connection that breaks between two statements fails the next one; without a listener it would
  // end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    await createTable(pool)
  } catch (error) {
    await pool.end()
    throw unavailable(error)
  }
  let calls = 0

  async function takeOnce(client: pg.PoolClient, policies: readonly Policy[], keys: string[]) {
    await client.query(BEGIN)
    const { rows } = await client.query<{ key: string; state: string }>(LOCK, [keys])
    if (rows.length < keys.length) {
      // Made outside of the transaction, so that locks are only ever taken in the one order.
      await client.query('rollback')
      await client.query(CREATE, [keys, clock.now() + NEW_MILLISECONDS])
      return null
    }
    const states = new Map(rows.map((row) => [row.key, row.state]))
    const windows = policies.map(({ key }) => SlidingWindow.parse(states.get(key)!))
    const decision = decide(policies, windows, clock.now())
    const changed = policies
      .map((policy, index) => ({ policy, window: windows[index]!, state: String(windows[index]) }))
      // A refused call may change a state as well: when the clock was set back.
      .filter(({ policy, state }) => state !== states.get(policy.key))
    if (changed.length > 0) {
      await client.query(KEEP, [
        changed.map(({ policy }) => policy.key),
        changed.map(({ state }) => state),
        changed.map(({ policy, window }) => window.idleAt(policy)),
      ])
    }
    await client.query('commit')
    return decision
  }

  async function take(policies: readonly Policy[]): Promise<Decision> {
    const keys = policies.map((policy) => policy.key)
    const client = await pool.connect()
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const decision = await takeOnce(client, policies, keys)
        if (!decision) continue
        client.release()
        return decision
      }
      throw new Error('the counters vanish as soon as they are made')
    } catch (error) {
      // Closes the connection, and with it whatever was under way.
      client.release(true)
      throw error
    }
  }

  return {
    async take(policies) {
      try {
        // No call waits for the sweep, and the next one makes up for one that fails.
        if (++calls % SWEEP_EVERY === 0) pool.query(DROP_IDLE, [clock.now()]).catch(() => {})
        return await take(policies)
      } catch (error) {
        throw unavailable(error)
      }
    },
    async [Symbol.asyncDispose]() {
      await pool.end()
    },
  }
}

async function createTable(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    // "if not exists" alone fails when two create it at once.
    await client.query(`begin; select pg_advisory_xact_lock(${lockNumber('limit-counters')});
      create unlogged table if not exists limit_counters (
        key text collate "C" primary key, state text not null, idle_at bigint not null
      ) with (fillfactor = 50);
      commit`)
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** A process that was stopped inside a transaction must not hold up the others for long. */
const BEGIN = `begin; set local lock_timeout = '5s';
  set local idle_in_transaction_session_timeout = '5s'`
const LOCK = 'select key, state from limit_counters where key = any($1) order by key for update'
const CREATE = `insert into limit_counters (key, state, idle_at)
  select key, '', $2 from unnest($1::text[]) as missing (key) order by key
  on conflict (key) do nothing`
const KEEP = `update limit_counters set state = kept.state, idle_at = kept.idle_at
  from unnest($1::text[], $2::text[], $3::bigint[]) as kept (key, state, idle_at)
  where limit_counters.key = kept.key`
const DROP_IDLE = `delete from limit_counters where key in (
  select key from limit_counters where idle_at <= $1 limit 10000 for update skip locked)`

function unavailable(cause: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('the shared counters are not available', { cause })
}

const CONNECTIONS = 4
const ATTEMPTS = 10
/** How long a counter without calls is left alone: until the call that made it has locked it. */
const NEW_MILLISECONDS = 60_000
const SWEEP_EVERY = 1_000
