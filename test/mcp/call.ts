/** A tool call without a server: what a tool is given, and what a test sees of it. */
import { traitsOf } from '../../src/agents/programs.ts';
import { Shelf } from '../../src/delivery/shelf.ts';
import type { Session } from '../../src/mcp/session.ts';
import type { Tool, ToolAnswer, ToolCall } from '../../src/mcp/tool.ts';
import type { Clock } from '../../src/util/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fixedRandom } from './fixed-random.ts';

export class TestCall implements ToolCall {
  readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  readonly shelf: Shelf;
  readonly traits;
  readonly clock: Clock;
  readonly random = fixedRandom();
  readonly progressed: string[] = [];
  private readonly hooks: (() => void)[] = [];

  constructor(options: { client?: string; shelf?: Shelf; clock?: Clock } = {}) {
    this.traits = traitsOf(options.client);
    this.shelf = options.shelf ?? new Shelf();
    this.clock = options.clock ?? new FakeClock();
  }

  progress(message: string): void {
    this.progressed.push(message);
  }

  afterWritten(call: () => void): void {
    this.hooks.push(call);
  }

  /** The answer is out. */
  written(): void {
    for (const hook of this.hooks.splice(0)) hook();
  }

  cancel(): void {
    this.controller.abort(new Error('cancelled'));
  }
}

/** Calls a tool and writes its answer. */
export async function callTool(
  tool: Tool,
  session: Session,
  args: unknown,
  call = new TestCall(),
): Promise<ToolAnswer> {
  const answer = await tool.run(session, args, call);
  call.written();
  return answer;
}
