import { describe, expect, it } from 'vitest';
import { idsIn, machine, until } from '../support/cli.ts';
import { present, reached, tunnelTo } from './relay.ts';

describe('a machine behind a tunnel', () => {
  it('has a state directory of its own, and reaches the relay of the other', async () => {
    const here = machine();
    const tunnel = await tunnelTo(here);
    await here.relay(['--allow-host', tunnel.host]);
    const there = tunnel.machine();
    expect(there.home).not.toBe(here.home);
    const one = await here.session('CC-1');
    const two = await there.session('CX-1');
    await present(one, 'CX-1');
    const [id = ''] = idsIn(await one.call('relay_send', { to: 'CX-1', message: 'through the tunnel' }));
    expect(await two.call('relay_receive', { wait_seconds: 20 })).toContain('> through the tunnel');
    await reached(here, id, { from: 'CC-1', to: 'CX-1' }, 'handed');
  });

  it('is cut off when the tunnel closes, and back when it opens on the same port', async () => {
    const here = machine();
    const tunnel = await tunnelTo(here);
    await here.relay(['--allow-host', tunnel.host]);
    const session = await tunnel.machine().session('CX-1');
    await session.connected();
    const port = Number(new URL(`http://${tunnel.host}`).port);
    await tunnel.close();
    await until(
      () => session.call('relay_status'),
      (text) => /^Not connected/m.test(text),
    );
    await tunnel.open(port);
    await session.connected();
  });
});
