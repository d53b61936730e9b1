/** What the observer process is told to subscribe to. */
export interface ObserverJob {
  readonly port: number;
  /** What it asks for; both brokers grant it. */
  readonly qos: 0 | 1;
  /** After its SUBACK it never reads again. */
  readonly isStuck: boolean;
}

/** What the observer was sent. */
export interface ObserverCounts {
  readonly bytes: number;
  readonly messages: number;
  /** The broker has closed its connection. */
  readonly isClosed: boolean;
}

export type ObserverRequest =
  | { readonly kind: 'observe'; readonly job: ObserverJob }
  | { readonly kind: 'counts' }
  | { readonly kind: 'leave' };

export type ObserverAnswer =
  | { readonly kind: 'observing' }
  | { readonly kind: 'counts'; readonly counts: ObserverCounts }
  | { readonly kind: 'left' }
  | { readonly kind: 'failure'; readonly text: string };
