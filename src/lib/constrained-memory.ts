import { totalmem } from 'node:os';

/** The memory that this process may use: what its container allows, or what the machine has. */
export function constrainedMemoryBytes(): number {
  const total = totalmem();
  // 0 or undefined where nothing is known, and a number beyond all memory where there is no limit.
  const constrained = process.constrainedMemory() ?? 0;
  return constrained > 0 && constrained < total ? constrained : total;
}
