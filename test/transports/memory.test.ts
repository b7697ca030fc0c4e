import { MemorySocket } from '../../src/transports/memory.ts';
import { runSocketContract } from '../contract/socket.ts';

runSocketContract('memory', async () => {
  const [a, b] = MemorySocket.pair();
  return { a, b, teardown: async () => a.terminate() };
});
