import * as z from 'zod';

/**
 * The part of Grafana's classic dashboard that we write: every key that is not here is a slip. Compared once with
 * dashboard.jsonschema.json of grafana/grafana-foundation-sdk (f178d5a), which has more.
 */

const text = z.string().min(1);
const whole = z.int().nonnegative();
const SOURCE = z.strictObject({
  type: z.enum(['influxdb', 'prometheus']),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
  uid: z.enum(['${influxdb}', '${prometheus}']),
});
const gridPos = z.strictObject({
  x: whole.max(23),
  y: whole,
  w: whole.min(1).max(24),
  h: whole.min(1),
});

const thresholds = z.strictObject({
  mode: z.literal('absolute'),
  // The first step has no value: Grafana uses it for everything below the second.
  steps: z
    .array(z.strictObject({ color: z.enum(['green', 'yellow', 'red']), value: z.number().nullable() }))
    .min(1)
    .refine((steps) => steps.every(({ value }, at) => (value === null) === (at === 0)))
    .refine((steps) => steps.slice(2).every(({ value }, at) => value! > steps[at + 1]!.value!)),
});

const override = z.strictObject({
  matcher: z.strictObject({ id: z.literal('byName'), options: text }),
  properties: z.array(
    z.discriminatedUnion('id', [
      z.strictObject({ id: z.literal('unit'), value: text }),
      z.strictObject({ id: z.enum(['custom.lineWidth', 'custom.fillOpacity']), value: z.number() }),
      z.strictObject({ id: z.literal('custom.showPoints'), value: z.literal('never') }),
      z.strictObject({ id: z.literal('custom.fillBelowTo'), value: text }),
      z.strictObject({
        id: z.literal('color'),
        value: z.strictObject({ mode: z.literal('fixed'), fixedColor: text }),
      }),
      z.strictObject({
        id: z.literal('custom.hideFrom'),
        value: z.strictObject({ legend: z.boolean(), tooltip: z.boolean(), viz: z.boolean() }),
      }),
      z.strictObject({ id: z.enum(['min', 'max']), value: z.number() }),
      z.strictObject({ id: z.literal('thresholds'), value: thresholds }),
      z.strictObject({
        id: z.literal('custom.cellOptions'),
        value: z.strictObject({ type: z.literal('color-background'), mode: z.literal('basic') }),
      }),
    ]),
  ),
});

const fieldConfig = z.strictObject({
  defaults: z.strictObject({
    unit: text,
    min: z.number().optional(),
    max: z.number().optional(),
    noValue: text.optional(),
    thresholds,
    custom: z
      .strictObject({
        showPoints: z.literal('auto'),
        spanNulls: z.literal(false),
        thresholdsStyle: z.strictObject({ mode: z.enum(['off', 'line']) }),
      })
      .optional(),
  }),
  overrides: z.array(override),
});

const legend = {
  legend: z.strictObject({
    displayMode: z.literal('list'),
    placement: z.literal('bottom'),
    showLegend: z.literal(true),
  }),
  tooltip: z.strictObject({ mode: z.literal('multi'), sort: z.literal('desc') }),
};

const target = z.union([
  z.strictObject({
    refId: z.string().regex(/^[A-Z]+$/),
    datasource: SOURCE,
    query: text,
    rawQuery: z.literal(true),
    resultFormat: z.enum(['time_series', 'table']),
    alias: text.optional(),
  }),
  z.strictObject({
    refId: z.string().regex(/^[A-Z]+$/),
    datasource: SOURCE,
    expr: text,
    legendFormat: z.string(),
    range: z.literal(true),
  }),
]);

const fields = z.record(z.string(), z.unknown());
const transformation = z.discriminatedUnion('id', [
  z.strictObject({
    id: z.literal('organize'),
    options: z.strictObject({ excludeByName: fields, indexByName: fields, renameByName: fields }),
  }),
  z.strictObject({ id: z.literal('merge'), options: z.strictObject({}) }),
  z.strictObject({
    id: z.literal('calculateField'),
    options: z.strictObject({
      mode: z.literal('binary'),
      timeSeries: z.literal(false),
      alias: text,
      binary: z.strictObject({ left: text, operator: z.enum(['-']), right: text }),
    }),
  }),
  z.strictObject({
    id: z.literal('sortBy'),
    options: z.strictObject({
      fields: z.strictObject({}),
      sort: z.tuple([z.strictObject({ field: text, desc: z.boolean() })]),
    }),
  }),
  z.strictObject({
    id: z.literal('filterByValue'),
    options: z.strictObject({
      type: z.literal('include'),
      match: z.literal('all'),
      filters: z.tuple([
        z.strictObject({
          fieldName: text,
          config: z.strictObject({
            id: z.literal('greaterOrEqual'),
            options: z.strictObject({ value: z.literal(0) }),
          }),
        }),
      ]),
    }),
  }),
  z.strictObject({
    id: z.literal('reduce'),
    options: z.strictObject({
      mode: z.literal('seriesToRows'),
      reducers: z.array(z.enum(['mean', 'max', 'lastNotNull'])),
      includeTimeField: z.literal(false),
    }),
  }),
  z.strictObject({ id: z.literal('limit'), options: z.strictObject({ limitField: whole }) }),
]);

const shown = {
  id: z.int().positive(),
  title: text,
  description: text,
  datasource: SOURCE,
  gridPos,
  fieldConfig,
  transformations: z.array(transformation).optional(),
  targets: z.array(target).min(1),
};
const panel = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('timeseries'), ...shown, options: z.strictObject(legend) }),
  z.strictObject({
    type: z.literal('stat'),
    ...shown,
    options: z.strictObject({
      reduceOptions: z.strictObject({
        calcs: z.tuple([z.enum(['lastNotNull', 'count'])]),
        fields: z.string(),
        values: z.literal(false),
      }),
    }),
  }),
  z.strictObject({
    type: z.literal('table'),
    ...shown,
    options: z.strictObject({
      showHeader: z.literal(true),
      sortBy: z.tuple([z.strictObject({ displayName: text, desc: z.boolean() })]).optional(),
    }),
  }),
  z.strictObject({
    type: z.literal('state-timeline'),
    ...shown,
    options: z.strictObject({ ...legend, mergeValues: z.literal(true), showValue: z.literal('auto') }),
  }),
]);
const row = z.strictObject({
  id: z.int().positive(),
  type: z.literal('row'),
  title: text,
  collapsed: z.boolean(),
  gridPos,
  panels: z.array(panel),
});

const annotated = { name: text, datasource: SOURCE, enable: z.literal(true), iconColor: text };
const annotation = z.union([
  z.strictObject({
    ...annotated,
    target: z.strictObject({
      refId: z.literal('Anno'),
      query: text,
      rawQuery: z.literal(true),
      queryType: z.literal('tags'),
      fromAnnotations: z.literal(true),
      textColumn: text,
      tagsColumn: text,
      titleColumn: z.string(),
      timeEndColumn: z.string(),
    }),
  }),
  z.strictObject({ ...annotated, expr: text, step: text, titleFormat: text, textFormat: z.string() }),
]);

const named = { name: z.string().regex(/^\w+$/), label: text };
const variable = z.discriminatedUnion('type', [
  z.strictObject({
    ...named,
    type: z.literal('datasource'),
    query: z.enum(['influxdb', 'prometheus']),
    hide: z.literal(0),
    refresh: z.literal(1),
    current: z.strictObject({ text, value: text }).optional(),
  }),
  z.strictObject({
    ...named,
    type: z.literal('query'),
    datasource: SOURCE,
    query: text,
    definition: text,
    refresh: z.literal(2),
    sort: z.literal(1),
    multi: z.boolean(),
    includeAll: z.boolean(),
    allValue: z.literal('.*').optional(),
    current: z
      .strictObject({ text: z.tuple([z.literal('All')]), value: z.tuple([z.literal('$__all')]) })
      .optional(),
  }),
  z.strictObject({
    ...named,
    type: z.literal('custom'),
    query: text,
    current: z.strictObject({ text, value: text }),
    options: z.array(z.strictObject({ text, value: text, selected: z.boolean() })).min(1),
    multi: z.literal(false),
    includeAll: z.literal(false),
  }),
]);

const link = {
  title: text,
  keepTime: z.literal(true),
  includeVars: z.literal(true),
  targetBlank: z.literal(false),
  icon: z.literal('dashboard'),
  tooltip: z.literal(''),
};

export const dashboardSchema = z.strictObject({
  uid: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  title: text,
  description: text,
  tags: z.tuple([z.literal('sluice')]),
  editable: z.literal(false),
  graphTooltip: z.literal(1),
  schemaVersion: z.literal(39),
  refresh: z.literal('30s'),
  time: z.strictObject({ from: z.string().regex(/^now-\d+[mhd]$/), to: z.literal('now') }),
  timezone: z.literal('browser'),
  links: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({
        ...link,
        type: z.literal('link'),
        url: z.string().regex(/^\/d\/[\w-]+$/),
        tags: z.tuple([]),
        asDropdown: z.literal(false),
      }),
      z.strictObject({
        ...link,
        type: z.literal('dashboards'),
        url: z.literal(''),
        tags: z.tuple([z.literal('sluice')]),
        asDropdown: z.literal(true),
      }),
    ]),
  ),
  annotations: z.strictObject({ list: z.array(annotation) }),
  templating: z.strictObject({ list: z.array(variable).min(1) }),
  panels: z.array(z.union([row, panel])),
});
