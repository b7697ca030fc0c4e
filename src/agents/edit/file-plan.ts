/** One file of an agent program, and the edit that puts us into it. */
import type { Edit } from './edit.ts';

export interface FilePlan {
  /** Tells the files of one program apart, also when they lie elsewhere by then. */
  readonly role: string;
  readonly path: string;
  readonly edit: Edit;
  /** What of ours it holds, for people: `MCP server relay`. */
  readonly holds: string;
  /** False: nothing of ours belongs into it any more; what is there is taken out. */
  readonly isWanted?: boolean;
  /** A directory that the program makes while it writes the file, and so do we. */
  readonly lock?: string;
  /** Where the text of a file that is all ours was taken from; shown instead of the text. */
  readonly source?: string;
}
