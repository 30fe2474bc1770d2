import type { Decision } from './decision.ts'

/**
 * What a client is told of its limits: the headers of every limited answer and the body of a 429,
 * which serves those who read problem details and those who look for `statusCode` and the sentence
 * of Azure API Management (https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.txt).
 */
export interface LimitHeaders {
  'ratelimit-policy': string
  ratelimit: string
  'retry-after'?: string
}

/**
 * `RateLimit-Policy: "endpoint";q=20;w=60, "client";q=1000;w=3600` and
 * `RateLimit: "endpoint";r=3;t=17, "client";r=912;t=40`; on a refusal also `Retry-After`, in seconds.
 */
export function limitHeaders(decision: Decision): LimitHeaders {
  let policyItems = ''
  let items = ''
  for (const { policy, remaining, resetSeconds } of decision.policies) {
    const separator = items === '' ? '' : ', '
    policyItems += separator + policy.policyItem
    items += `${separator}"${policy.name}";r=${remaining}`
    // A refusal's Retry-After must not be earlier than any `t`, and a policy that does not refuse may
    // well reset later: it then says only what remains.
    if (decision.allowed || remaining === 0) items += `;t=${resetSeconds}`
  }
  if (decision.allowed) return { 'ratelimit-policy': policyItems, ratelimit: items }
  return {
    'ratelimit-policy': policyItems,
    ratelimit: items,
    'retry-after': String(decision.retryAfterSeconds),
  }
}

/** The body of a refusal, to be sent as `application/problem+json` with status 429. */
export interface QuotaExceededBody {
  type: string
  title: string
  status: 429
  detail: string
  'violated-policies': string[]
  statusCode: 429
  message: string
}

/** @param decision one that does not allow the call */
export function quotaExceededBody(decision: Decision): QuotaExceededBody {
  // Clients match this sentence to the letter, also with "1 seconds".
  const message = `Rate limit is exceeded. Try again in ${decision.retryAfterSeconds} seconds.`
  return {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    title: 'Request cannot be satisfied as assigned quota has been exceeded',
    status: 429,
    detail: message,
    'violated-policies': decision.violated === null ? [] : [decision.violated],
    statusCode: 429,
    message,
  }
}
