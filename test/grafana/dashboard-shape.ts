import { dashboards } from '../../grafana/generate.js';

export interface Target {
  readonly refId: string;
  readonly query?: string;
  readonly expr?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly min?: number;
      readonly max?: number;
      readonly thresholds: { readonly steps: readonly unknown[] };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
  readonly targets?: readonly Target[];
  /** Of a row that is closed. */
  readonly panels?: readonly Panel[];
}

export interface Annotation {
  readonly name: string;
  readonly expr?: string;
  readonly target?: { readonly query: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly links: readonly {
    readonly url: string;
    readonly keepTime: boolean;
    readonly includeVars: boolean;
  }[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly type: string;
      readonly query: string;
      readonly current?: { readonly value: unknown };
    }[];
  };
  readonly annotations: { readonly list: readonly Annotation[] };
  readonly panels: readonly Panel[];
}

/** What the tests read of the generated dashboards. */
export const DASHBOARDS = [...dashboards()].map(([file, json]) => ({ file, dashboard: json as Dashboard }));

/** Panels that ask something. */
export function asking(dashboard: Dashboard): Panel[] {
  return all(dashboard).filter(({ type }) => type !== 'row');
}

/** Also those of closed rows. */
export function all(dashboard: Dashboard): Panel[] {
  return dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}
