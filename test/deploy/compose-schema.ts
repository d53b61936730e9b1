import { z } from 'zod';

/** What a value may be after YAML: numbers and booleans are written as text, so that nothing is guessed. */
const text = z.string().min(1);
const duration = z.string().regex(/^(\d+(us|ms|s|m|h))+$/);
const bytes = z.string().regex(/^\d+(b|k|m|g|kb|mb|gb)$/);

const healthcheck = z.union([
  z.strictObject({ disable: z.literal(true) }),
  z.strictObject({
    test: z
      .array(text)
      .min(2)
      .refine(([kind]) => kind === 'CMD' || kind === 'CMD-SHELL'),
    interval: duration,
    timeout: duration,
    retries: z.int().min(1),
    start_period: duration,
  }),
]);

const service = z.strictObject({
  image: text,
  build: text.optional(),
  pull_policy: z.enum(['always', 'never', 'missing', 'build']).optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
  profiles: z.array(text).min(1).optional(),
  depends_on: z
    .record(
      text,
      z.strictObject({
        condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
      }),
    )
    .optional(),
  command: z.array(text).min(1).optional(),
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  ports: z.array(text).min(1).optional(),
  volumes: z.array(text).min(1).optional(),
  user: text.optional(),
  read_only: z.boolean().optional(),
  tmpfs: z
    .array(z.string().regex(/^\/[a-z/]+(:[a-z0-9,=]+)?$/))
    .min(1)
    .optional(),
  cap_drop: z.array(text).optional(),
  security_opt: z.array(text).optional(),
  pids_limit: z.int().min(1).optional(),
  init: z.boolean().optional(),
  mem_limit: bytes.optional(),
  ulimits: z.strictObject({ nofile: z.strictObject({ soft: z.int(), hard: z.int() }) }).optional(),
  stop_grace_period: duration.optional(),
  logging: z.strictObject({ driver: text, options: z.record(text, z.string()) }).optional(),
  healthcheck,
});

/**
 * The part of the Compose specification that docker-compose.yml uses, strictly: what is not listed here is refused, as a
 * misspelt key would be. Extensions (`x-…`) hold anything.
 */
export const composeSchema = z.looseObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.record(text, service),
  volumes: z.record(text, z.null()),
});

export const TOP_LEVEL_KEYS: ReadonlySet<string> = new Set(['name', 'services', 'volumes']);

export type Compose = z.infer<typeof composeSchema>;
export type ComposeService = z.infer<typeof service>;
