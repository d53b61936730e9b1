import type { FieldTypeConflict } from '../sink.js';
import type { ChunkPort, RefusedVerdict } from './chunk-port.js';
import type { LineProblem } from './response.js';
import { conflictOf, conflictOfVersion3, hasConflict, type NamedConflict } from './type-conflict.js';

export interface ConflictingLine extends LineProblem {
  readonly conflict: FieldTypeConflict;
}

export interface FoundLines {
  /** Lines that the store refused once, alone or by naming them. */
  readonly refused: readonly LineProblem[];
  /** Lines that the store refused for the type of a field that it named. */
  readonly conflicting: readonly ConflictingLine[];
  /** Lines that are too large even alone. */
  readonly tooLarge: readonly LineProblem[];
  /** Lines were accepted behind later ones: all others have to be written again in order. */
  readonly isOutOfOrder: boolean;
}

/**
 * Writes lines and finds those that the store refuses: it sends the halves of a refused request in order, down to single
 * lines. This is safe because writing a line again changes nothing. It takes about 2 × log2(n) requests per bad line.
 *
 * When the store names a field and its type, the lines with that field and type are sent apart from the others: that takes
 * two requests more, however many lines there are.
 *
 * The first refusal that no type explains is checked with a known-good line: a store that refuses it too is at fault itself,
 * and the result is undefined. InfluxDB 3 answers some of its own failures with 400.
 *
 * @param lines ascending numbers of lines; the results have the same numbers
 */
export async function findRefusedLines(
  lines: readonly number[],
  port: ChunkPort,
): Promise<FoundLines | undefined> {
  const refused: LineProblem[] = [];
  const conflicting: ConflictingLine[] = [];
  const tooLarge: LineProblem[] = [];
  let isOutOfOrder = false;
  let isKnownSound = false;
  // A stack: the first half of a piece goes on top of its second half.
  const pieces: Piece[] = [{ lines }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const verdict = await port.post(piece.lines);
    if (verdict.kind === 'written') {
      isOutOfOrder ||= piece.isMoved === true;
      continue;
    }
    if (verdict.kind === 'too-large') {
      if (piece.lines.length > 1) pieces.push(...halvesOf(piece));
      else tooLarge.push({ line: piece.lines[0]!, reason: verdict.reason });
      continue;
    }
    const step = nextStep(piece, verdict, port);
    if (!step.isExplained && !isKnownSound) {
      if (!(await port.acceptsHealthLine())) return undefined;
      isKnownSound = true;
    }
    refused.push(...step.refused);
    conflicting.push(...step.conflicting);
    pieces.push(...step.pieces);
  }
  return { refused, conflicting, tooLarge, isOutOfOrder };
}

interface Piece {
  readonly lines: readonly number[];
  /** The lines are sent behind later ones. */
  readonly isMoved?: boolean;
  /** The same lines have been sent before. */
  readonly isRepeated?: boolean;
}

interface Step extends Pick<FoundLines, 'refused' | 'conflicting'> {
  /** What to send next; the last one first. */
  readonly pieces: readonly Piece[];
  /** The type of a field is the only reason. */
  readonly isExplained: boolean;
}

function nextStep(piece: Piece, verdict: RefusedVerdict, port: ChunkPort): Step {
  const { lines } = piece;
  const { conflict, reason } = verdict;
  const explained = { refused: [], conflicting: [], pieces: [], isExplained: true };
  if (verdict.lines !== undefined) return stepOfNamedLines(lines, verdict.lines, port);
  // The store has the field now, and names it the next time.
  if (conflict === 'unnamed' && piece.isRepeated !== true) {
    return { ...explained, pieces: [{ ...piece, isRepeated: true }] };
  }
  const named =
    conflict === undefined || conflict === 'unnamed' ? [] : conflictingLines(lines, conflict, reason, port);
  if (named.length > 0 && named.length < lines.length) {
    const apart = new Set(named.map(({ line }) => line));
    const others = lines.filter((line) => !apart.has(line));
    return {
      ...explained,
      pieces: [
        { lines: [...apart], isMoved: true },
        { lines: others, isMoved: piece.isMoved },
      ],
    };
  }
  const isExplained = named.length > 0;
  if (lines.length > 1 && !(isExplained && droppedBy(conflict) >= lines.length)) {
    return { ...explained, pieces: halvesOf(piece), isExplained };
  }
  if (isExplained) return { ...explained, conflicting: named };
  return { ...explained, refused: [{ line: lines[0]!, reason }], isExplained };
}

/** The store names the lines and has written all others. */
function stepOfNamedLines(lines: readonly number[], problems: readonly LineProblem[], port: ChunkPort): Step {
  const refused: LineProblem[] = [];
  const conflicting: ConflictingLine[] = [];
  for (const { line: at, reason } of problems) {
    const line = lines[at]!;
    const conflict = conflictOfVersion3(port.pointOf(line), reason);
    if (conflict === undefined) refused.push({ line, reason });
    else conflicting.push({ line, reason, conflict });
  }
  return { refused, conflicting, pieces: [], isExplained: refused.length === 0 };
}

function conflictingLines(
  lines: readonly number[],
  conflict: NamedConflict,
  reason: string,
  port: ChunkPort,
): ConflictingLine[] {
  return lines
    .filter((line) => hasConflict(port.pointOf(line), conflict))
    .map((line) => ({ line, reason, conflict: conflictOf(port.pointOf(line), conflict) }));
}

/** How many lines the store says that it has dropped. It counts those of one shard. */
function droppedBy(conflict: RefusedVerdict['conflict']): number {
  return conflict === undefined || conflict === 'unnamed' ? 0 : conflict.dropped;
}

function halvesOf(piece: Piece): Piece[] {
  const { lines } = piece;
  const middle = Math.ceil(lines.length / 2);
  return [
    { ...piece, lines: lines.slice(middle) },
    { ...piece, lines: lines.slice(0, middle) },
  ];
}
