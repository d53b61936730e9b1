/** One instruction, continued lines joined, comments left out. */
export interface Instruction {
  readonly keyword: string;
  /** `--name=value`, in front of the arguments. */
  readonly flags: ReadonlyMap<string, string>;
  readonly args: string;
}

export interface Stage {
  readonly image: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** Stage it takes from; absent: the build context. */
  readonly from?: string;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The stages of a Dockerfile, in order. Enough of the syntax for ours: no heredocs, no ARG in front of FROM. */
export function readDockerfile(text: string): Stage[] {
  const stages: { image: string; name: string; instructions: Instruction[] }[] = [];
  const joined = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, ' ');
  for (const line of joined.split('\n').filter((line) => line.trim() !== '')) {
    const instruction = readInstruction(line);
    if (instruction.keyword === 'FROM') {
      const [image = '', , name = String(stages.length)] = instruction.args.split(/\s+/);
      stages.push({ image, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`in front of FROM: ${line}`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** What a COPY copies. */
export function readCopy({ flags, args }: Instruction): Copy {
  const words = args.split(/\s+/);
  const from = flags.get('from');
  return { from, sources: words.slice(0, -1), target: words.at(-1) ?? '' };
}

function readInstruction(line: string): Instruction {
  const [, keyword = '', rest = ''] = /^\s*(\S+)\s*(.*)$/.exec(line) ?? [];
  const flags = new Map<string, string>();
  let args = rest.trim();
  for (let found = flagOf(args); found !== null; found = flagOf(args)) {
    flags.set(found[1] ?? '', found[2] ?? '');
    args = args.slice(found[0].length);
  }
  return { keyword: keyword.toUpperCase(), flags, args };
}

function flagOf(args: string): RegExpExecArray | null {
  return /^--([a-z-]+)=(\S*)\s+/.exec(args);
}
