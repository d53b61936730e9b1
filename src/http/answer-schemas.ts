import { z } from 'zod';
import { INCIDENT_CAUSES } from '../timeline/incident.js';
import { HISTORY_RANGES } from '../timeline/recorded-rates.js';

/*
 * The forms of the answers that programs rely on. They are documentation: answers are not checked against them while the gateway runs;
 * a test does that.
 */

const value = z.number().nullable();
const counts = z.record(z.string(), z.number());
/** What the rules state about a field. */
const meaning = {
  unit: z.string().optional(),
  expected: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('Where values usually lie, both ends included'),
};

export const ledgerAnswer = z.object({
  received: z.number(),
  written: z.number(),
  parked: z.number(),
  filtered: z.number(),
  lost: z.number(),
  buffered: z.number(),
  balanced: z.boolean().describe('Whether received is the sum of the other five.'),
  reasons: z.object({
    parked: counts,
    filtered: counts.describe('By rule.'),
    lost: counts,
    parkedWithoutPayload: counts.optional(),
  }),
});

export const firstStepsAnswer = z.object({
  listeners: z.array(
    z.object({ protocol: z.enum(['mqtt', 'mqtts', 'ws', 'wss']), host: z.string(), port: z.number() }),
  ),
  rule: z.object({
    name: z.string(),
    topic: z.string(),
    isBuiltIn: z.boolean(),
    measurement: z.string().optional(),
  }),
  sample: z.object({ topic: z.string(), payload: z.string() }).optional(),
  store: z.enum(['influx', 'duckdb']),
});

export const sessionAnswer = z.object({
  user: z.string().nullable().describe('null: nobody has signed in'),
  role: z.enum(['none', 'read', 'change']).describe('What the caller may do here'),
  method: z.enum(['token', 'password', 'jwt', 'certificate', 'anonymous']),
  expiresAtMs: z.number().nullable().describe('ms since 1970'),
  hasUsers: z.boolean().describe('Whether one can sign in here'),
});

export const measurementsAnswer = z.object({
  measurements: z.array(
    z.object({
      name: z.string(),
      tags: z.array(z.string()),
      fields: z.array(
        z.object({ name: z.string(), type: z.enum(['float', 'int', 'string', 'boolean']), ...meaning }),
      ),
      rowsOf: z
        .object({ measurement: z.string(), everyMs: z.number() })
        .optional()
        .describe('Where it holds rows of windows: of which measurement, and how long a window is.'),
    }),
  ),
});

const moment = z
  .object({
    value: z.number(),
    atMs: z.number().describe('ms since 1970'),
    isExactTime: z.boolean().describe('false: the start of the window that the value is from'),
  })
  .nullable();

export const seriesAnswer = z.object({
  resolutions: z.array(z.string()).describe('What was read, the coarsest first; raw: points'),
  fromMs: z.number(),
  toMs: z.number(),
  nextFromMs: value.describe('The from of the next request; null: there is none'),
  bucketMs: z.number(),
  timesMs: z.array(z.number()).describe('Start of each bucket, ms since 1970'),
  found: z.number(),
  groups: z.array(
    z.object({
      name: z.string(),
      series: value,
      values: z.array(value),
      lows: z.array(value),
      highs: z.array(value),
      statistics: z.object({
        count: z.number(),
        sum: value,
        mean: value,
        min: value,
        max: value,
        first: moment,
        last: moment,
      }),
      isInexact: z.boolean(),
    }),
  ),
  moreGroups: z.boolean(),
});

export const latestAnswer = z.object({
  devices: z.number(),
  moreDevices: z.boolean(),
  silent: z.number(),
  found: z.number(),
  groups: z.array(
    z.object({
      name: z.string(),
      atMs: z.number(),
      values: z.array(
        z.object({
          field: z.string(),
          value: z.union([z.number(), z.string(), z.boolean()]),
          unit: z.string().optional(),
          outside: z.enum(['above', 'below']).optional().describe('The side of the expected range'),
        }),
      ),
      state: z.enum(['reporting', 'late', 'silent', 'outside', 'unreadable']),
      sinceMs: z.number().optional().describe('When the state began, where that is known'),
      spark: z.array(value).optional().describe('With the parameter spark'),
    }),
  ),
  moreFields: z.boolean(),
  sparkField: z.string().optional(),
});

export const needsLookAnswer = z.object({
  asOfMs: z.number().describe('When the store was asked'),
  devices: z.number(),
  moreDevices: z.boolean(),
  needLook: z.number().describe('Devices'),
  found: z.number().describe('Reasons; looks has the first 50'),
  looks: z.array(
    z.object({
      measurement: z.string(),
      tag: z.string().describe('The tag whose value is the name; topic: only the topic is known'),
      name: z.string(),
      state: z.enum(['unreadable', 'outside', 'silent']),
      sinceMs: z.number().optional(),
      field: z.string().optional(),
      value: z.number().optional(),
      ...meaning,
      topic: z.string().optional(),
      code: z.string().optional(),
      reason: z.string().optional(),
      count: z.number().optional(),
    }),
  ),
});

const ms = z.number().describe('ms since 1970');

export const incidentsAnswer = z.object({
  incidents: z.array(
    z.object({
      id: z.string(),
      cause: z.enum(INCIDENT_CAUSES),
      stage: z.enum(['broker', 'log', 'producer', 'reader', 'consumer', 'sink', 'windows']),
      title: z.string(),
      level: z.enum(['slow', 'stopped']),
      state: z.enum(['failing', 'catching-up', 'over']),
      fromMs: ms,
      toMs: ms.optional(),
      recoveredMs: ms.optional(),
      caughtUpMs: ms.optional(),
      waited: z.number().describe('Messages that waited when most did.'),
      lost: z.number().describe('Messages lost or shed from begin to end.'),
      tries: z.number().describe('How often a request was repeated.'),
      nextTryMs: ms.optional(),
      detail: z.string().optional(),
      warnings: z.array(z.string()).describe('Codes of the warnings that belong to it.'),
      events: z.array(z.object({ atMs: ms, text: z.string() })),
    }),
  ),
});

export const historyAnswer = z.object({
  range: z.enum(HISTORY_RANGES),
  stepMs: z.number(),
  fromMs: ms,
  rates: z.record(z.string(), z.array(z.number())).describe('By stage, per second.'),
  behindMs: z.array(z.number()).describe('The greatest age of the oldest message that waited.'),
});

export const parkedGroupsAnswer = z.object({
  asOfMs: z.number(),
  records: z.number(),
  today: z.number().describe('Since midnight in the time zone of the gateway.'),
  onlyCounted: z.number().optional(),
  groups: z.array(
    z.object({
      code: z.string(),
      rule: z.string().optional(),
      count: z.number(),
      countToday: z.number(),
      withoutPayload: z.number().optional(),
      topics: z.array(z.object({ topic: z.string(), count: z.number() })),
      moreTopics: z.boolean(),
      firstMs: z.number(),
      lastMs: z.number(),
      perHour: z.array(z.number()).describe('24 hours; the last one is going on.'),
      sample: z.object({ id: z.string(), cursor: z.string(), reason: z.string().optional() }).optional(),
      replay: z
        .object({
          tried: z.number(),
          fits: z.number(),
          filtered: z.number(),
          parkedAgain: z.object({ code: z.string(), reason: z.string() }).optional(),
          outcomes: z.array(z.enum(['written', 'filtered', 'parked'])),
        })
        .optional(),
      rulePart: z
        .object({ file: z.string(), line: z.number().optional(), key: z.string(), text: z.string() })
        .optional(),
    }),
  ),
  ofOtherGroups: z.number(),
  incomplete: z.literal(true).optional(),
  unread: counts.optional(),
  rulesSinceMs: z.number().optional(),
  rulesFile: z.string().optional(),
  sizeBytes: z.number(),
  maxSizeBytes: z.number(),
  finished: z.array(z.object({ status: z.object({}), endedAtMs: z.number(), selection: z.object({}) })),
});
