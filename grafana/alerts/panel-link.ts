import { dashboards } from '../generate.js';
import type { AlertRule } from './alert-rule.js';

export interface PanelLink {
  readonly dashboardUid: string;
  readonly panelId: number;
}

/** Finds the panel of a rule. Rules name panels by title because ids are assigned when a dashboard is built. Throws when there is no such panel. */
export function panelLink({ panel, title }: AlertRule): PanelLink {
  for (const dashboard of dashboards().values()) {
    const { uid, panels } = dashboard as { uid: string; panels: { id: number; title: string }[] };
    const found = uid === panel.dashboard && panels.find((one) => one.title === panel.title);
    if (found) return { dashboardUid: uid, panelId: found.id };
  }
  throw new Error(`alert "${title}": dashboard ${panel.dashboard} has no panel "${panel.title}"`);
}
