import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growingPercent } from '../../source/heap-growth.ts';
import { IdleCollector } from '../../source/idle-collection.ts';

const MB = 1024 * 1024;

/** A heap of which 10 MB are in use after each collection. */
function heapOf(usedMb: number) {
  const heap = {
    usedMb,
    usedCpuMs: 500,
    collections: 0,
    used: () => heap.usedMb * MB,
    cpuMs: () => heap.usedCpuMs,
    collect: () => {
      heap.collections += 1;
      heap.usedMb = 10;
    },
  };
  return heap;
}

test('an idle daemon collects its garbage once', () => {
  const heap = heapOf(30);
  const collector = new IdleCollector(heap);
  heap.usedCpuMs += 50;
  for (let looks = 0; looks < 5; looks += 1) collector.look(10_000);
  assert.equal(heap.collections, 1);
});

test('it collects again only when there is much new garbage', () => {
  const heap = heapOf(30);
  const collector = new IdleCollector(heap);
  collector.look(10_000);
  heap.usedMb = 13;
  collector.look(10_000);
  assert.equal(heap.collections, 1);
  heap.usedMb = 16;
  collector.look(10_000);
  assert.equal(heap.collections, 2);
});

test('a daemon that works is not interrupted', () => {
  const heap = heapOf(30);
  const collector = new IdleCollector(heap);
  for (let looks = 0; looks < 5; looks += 1) {
    heap.usedCpuMs += 300;
    collector.look(10_000);
  }
  assert.equal(heap.collections, 0);
  collector.look(10_000);
  assert.equal(heap.collections, 1);
});

test('a small heap may grow fourfold, a large one by little', () => {
  assert.equal(growingPercent(10 * MB), 300);
  assert.equal(growingPercent(24 * MB), 100);
  assert.equal(growingPercent(100 * MB), 30);
});
