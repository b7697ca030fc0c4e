import { describe, expect, it } from 'vitest';
import { Emitter } from '../../src/client/emitter.ts';

interface Events {
  count: number;
  word: string;
}

describe('the emitter', () => {
  it('calls the listeners of an event in order, and only those', () => {
    const emitter = new Emitter<Events>();
    const heard: unknown[] = [];
    emitter.on('count', (value) => heard.push(['a', value]));
    emitter.on('count', (value) => heard.push(['b', value]));
    emitter.on('word', (value) => heard.push(value));
    emitter.emit('count', 1);
    emitter.emit('word', 'x');
    expect(heard).toEqual([['a', 1], ['b', 1], 'x']);
  });

  it('stops calling a listener that has stopped, also the same function registered twice', () => {
    const emitter = new Emitter<Events>();
    const heard: number[] = [];
    const listener = (value: number) => void heard.push(value);
    const stop = emitter.on('count', listener);
    emitter.on('count', listener);
    stop();
    stop();
    emitter.emit('count', 1);
    expect(heard).toEqual([1]);
  });

  it('goes on to the next listener when one throws, and reports the failure', () => {
    const failures: unknown[] = [];
    const emitter = new Emitter<Events>((event, error) => failures.push([event, error]));
    const heard: number[] = [];
    const failure = new Error('a listener failed');
    emitter.on('count', () => {
      throw failure;
    });
    emitter.on('count', (value) => heard.push(value));
    emitter.emit('count', 7);
    expect(heard).toEqual([7]);
    expect(failures).toEqual([['count', failure]]);
  });

  it('lets a listener leave or join during the event', () => {
    const emitter = new Emitter<Events>();
    const heard: string[] = [];
    const stop = emitter.on('count', () => {
      heard.push('once');
      stop();
      emitter.on('count', () => heard.push('later'));
    });
    emitter.emit('count', 1);
    expect(heard).toEqual(['once']);
    emitter.emit('count', 2);
    expect(heard).toEqual(['once', 'later']);
  });
});
