"""A program on Python's own library: python-program.py CONFIG. Driven like the others (driven.ts)."""
import asyncio
import json
import sys
import time

import aioconnectors


def numbered(number, size):
    return '%08d' % number + 'x' * (size - 8)


class Program:
    def __init__(self, config):
        self.api = aioconnectors.ConnectorAPI(config_file_path=config, use_default_logger=False)
        self.expected = 0

    async def listen(self):
        async def received(logger, header, data, binary):
            if header.get('await_response'):
                await self.api.send_message(
                    data=data.decode(), data_is_json=False, message_type='any',
                    response_id=header['request_id'], destination_id=header['source_id'])
                return
            number = int(data[:8])
            if len(data) != self.size or number >= self.expected:
                self.wrong += 1
                return
            if self.received == 0:
                self.first_at = time.time() * 1000
            self.received += 1
            self.seen.add(number)
            if number < self.highest:
                self.late += 1
            self.highest = max(self.highest, number)
            self.last_at = time.time() * 1000

        await self.api.start_waiting_for_messages(message_type='any', message_received_cb=received)

    async def expect(self, count, bytes):
        self.expected, self.size = count, bytes
        self.received, self.seen, self.late, self.wrong, self.highest = 0, set(), 0, 0, -1
        self.first_at = self.last_at = None

    async def all(self, quietMs):
        before, quiet_since = -1, time.time()
        while len(self.seen) < self.expected and (time.time() - quiet_since) * 1000 < quietMs:
            if self.received != before:
                before, quiet_since = self.received, time.time()
            await asyncio.sleep(0.02)
        return {
            'received': self.received, 'lost': self.expected - len(self.seen),
            'duplicated': self.received - len(self.seen), 'late': self.late, 'wrong': self.wrong,
            'firstAtMs': self.first_at, 'lastAtMs': self.last_at}

    async def send(self, count, bytes, waitForAck=False):
        started = time.time() * 1000
        for number in range(count):
            await self.api.send_message(
                data=numbered(number, bytes), data_is_json=False, message_type='any', wait_for_ack=waitForAck)
        return {'startedAtMs': started}

    async def ask(self, count, bytes):
        took = []
        for number in range(count):
            started = time.perf_counter()
            await self.api.send_message(
                data=numbered(number, bytes), data_is_json=False, message_type='any',
                await_response=True, request_id=number + 1)
            took.append((time.perf_counter() - started) * 1000)
        return took


async def main():
    program = Program(sys.argv[1])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        given = json.loads(line)
        try:
            answer = {'result': await getattr(program, given.pop('call'))(**given)}
        except Exception as error:
            answer = {'error': repr(error)}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
