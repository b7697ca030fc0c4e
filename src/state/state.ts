/** The deterministic part: tables that only commands change. No clock, no chance, no socket, no file. */
import type { Applied, Command } from './command.ts';
import { applyAdmit } from './commands/admit.ts';
import { applyClaim } from './commands/claim.ts';
import { applyDecide } from './commands/decide.ts';
import { applyDepart, applyEnter } from './commands/enter.ts';
import { applyExpire } from './commands/expire.ts';
import { applyFound } from './commands/found.ts';
import { applyGrant } from './commands/grant.ts';
import { applyInvite } from './commands/invite.ts';
import { applyMiss } from './commands/miss.ts';
import { applyOwn } from './commands/own.ts';
import { applyPause } from './commands/pause.ts';
import { applyPrune } from './commands/prune.ts';
import { applyReceipt } from './commands/receipt.ts';
import { applyRedeem } from './commands/redeem.ts';
import { applyRekey } from './commands/rekey.ts';
import { applyRemark } from './commands/remark.ts';
import { applyRename } from './commands/rename.ts';
import { applyRevoke } from './commands/revoke.ts';
import { applyJoin, applyLeave } from './commands/room.ts';
import { applySend } from './commands/send.ts';
import { newestPosition } from './queries/envelopes.ts';
import { migrate, TABLES } from './schema.ts';
import { type Database, type InMemory, Store } from './store.ts';

export class State {
  readonly store: Store;

  /** Brings the tables to the newest version first. */
  constructor(database: Database, inMemory: InMemory = {}) {
    migrate(database);
    this.store = new Store(database, inMemory);
  }

  /** Random, made at the first start; another one means another history. Undefined until `found`. */
  get epoch(): string | undefined {
    return this.store.get<{ value: string }>("SELECT value FROM meta WHERE key = 'epoch'")?.value;
  }

  /** The newest position; 0 when nothing was sent. */
  get position(): number {
    return newestPosition(this.store);
  }

  /** Applies one command. Throws a RelayError, having written nothing, when it is refused. */
  apply<C extends Command>(command: C): Applied<C>;
  apply(command: Command): Applied {
    switch (command.type) {
      case 'found':
        return applyFound(this.store, command);
      case 'enter':
        return applyEnter(this.store, command);
      case 'depart':
        return applyDepart(this.store, command);
      case 'send':
        return applySend(this.store, command);
      case 'receipt':
        return applyReceipt(this.store, command);
      case 'remark':
        return applyRemark(this.store, command);
      case 'claim':
        return applyClaim(this.store, command);
      case 'join':
        return applyJoin(this.store, command);
      case 'leave':
        return applyLeave(this.store, command);
      case 'rename':
        return applyRename(this.store, command);
      case 'expire':
        return applyExpire(this.store, command);
      case 'prune':
        return applyPrune(this.store, command);
      case 'admit':
        return applyAdmit(this.store, command);
      case 'grant':
        return applyGrant(this.store, command);
      case 'invite':
        return applyInvite(this.store, command);
      case 'miss':
        return applyMiss(this.store, command);
      case 'own':
        return applyOwn(this.store, command);
      case 'redeem':
        return applyRedeem(this.store, command);
      case 'rekey':
        return applyRekey(this.store, command);
      case 'revoke':
        return applyRevoke(this.store, command);
      case 'decide':
        return applyDecide(this.store, command);
      case 'pause':
        return applyPause(this.store, command);
      default:
        return command satisfies never;
    }
  }

  /** Every row of every table, in a fixed order: two states with the same dump are the same. */
  *dump(): Generator<string> {
    this.store.settle();
    for (const [table, order] of Object.entries(TABLES)) {
      for (const row of this.store.all(`SELECT * FROM ${table} ORDER BY ${order}`))
        yield `${table} ${JSON.stringify(row)}`;
    }
  }
}
