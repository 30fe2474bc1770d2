/** The one place that reads the environment. */

export interface Environment {
  /** Configuration values that the environment sets, by their path in the schema. */
  values: { path: string; variable: string; text: string }[]
  /** Where `mapgate.yaml` is, when it is not in the working directory. */
  configFile: string | null
  /** Postgres; null: SQLite in the data folder. Holds a password, so it is not configuration. */
  databaseUrl: string | null
  /** See `access/keys/master-key.ts`. */
  masterKey: string | null
  /** The mail server; null: mails go to the outbox. Holds a password, so it is not configuration. */
  smtpUrl: string | null
  /** For `mapgate token get`, which takes no secret on its command line: others could see it there. */
  clientSecret: string | null
}

/** Variables that stand for one configuration value each. */
export const CONFIG_VARIABLES: Record<string, string> = {
  PORT: 'port',
  MAPGATE_HOST: 'host',
  MAPGATE_PUBLIC_URL: 'publicUrl',
  MAPGATE_DATA_DIR: 'dataDir',
  MAPGATE_LIMITS_STORE: 'limits.store',
  MAPGATE_LOG_LEVEL: 'log.level',
}

/** Variables that are read on their own, with what they say. */
export const OTHER_VARIABLES: Record<string, string> = {
  MAPGATE_CONFIG: 'The configuration file, instead of `mapgate.yaml` in the working directory.',
  MAPGATE_DATABASE_URL:
    'A Postgres URL (`postgres://user:password@host/name`). Without it the data is in SQLite files in the data folder.',
  MAPGATE_MASTER_KEY:
    'The master key: 32 random bytes in base64url, or several as `2:<newest>,1:<older>`. Without it, with SQLite, the file `master.key` in the data folder holds one, created at the first start. Required with Postgres.',
  MAPGATE_SMTP_URL:
    'The mail server (`smtps://user:password@host`, or `smtp://` with STARTTLS where it offers that; `?requireTLS=true` insists). Without it each mail is a file in the folder `outbox` of the data folder, and on http://localhost its link is in the log.',
  MAPGATE_CLIENT_SECRET: 'The secret with which `mapgate token get` logs in.',
  MAPGATE_IDENTITY_PROVIDER_SECRET:
    'The client secret that `mapgate identity-providers create` and `change` store, when no file is given.',
}

/** An empty variable counts as absent. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env): Environment {
  const values = Object.entries(CONFIG_VARIABLES).flatMap(([variable, path]) =>
    variables[variable] ? [{ path, variable, text: variables[variable] }] : [],
  )
  return {
    values,
    configFile: variables.MAPGATE_CONFIG || null,
    databaseUrl: variables.MAPGATE_DATABASE_URL || null,
    masterKey: variables.MAPGATE_MASTER_KEY || null,
    smtpUrl: variables.MAPGATE_SMTP_URL || null,
    clientSecret: variables.MAPGATE_CLIENT_SECRET?.trim() || null,
  }
}

/** For `mapgate identity-providers`, whose command line others could see. */
export function readIdentityProviderSecret(
  variables: NodeJS.ProcessEnv = process.env,
): string | null {
  return variables['MAPGATE_IDENTITY_PROVIDER_SECRET']?.trim() || null
}
