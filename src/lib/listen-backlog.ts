/**
 * Connections that the kernel completes before they are accepted: a fleet of some thousands comes back at once. The kernel
 * may allow fewer (net.core.somaxconn).
 */
export const LISTEN_BACKLOG = 4096;
