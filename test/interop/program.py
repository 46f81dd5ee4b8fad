"""A program of an application that talks through a connector, driven by a test.

Reads commands as JSON lines on its standard input and answers each with a JSON line on its standard output.
"""
import asyncio
import json
import sys
import time

import aioconnectors


class Program:
    def __init__(self, config_path):
        self.api = aioconnectors.ConnectorAPI(config_file_path=config_path)
        self.config_path = config_path
        self.remote_tool = None
        self.numbers = {}
        self.messages = {}

    async def listen(self, message_type, answer=None):
        self.numbers[message_type] = []
        self.messages[message_type] = []

        async def received(logger, transport_json, data, binary):
            if answer is not None:
                await self.api.send_message(
                    data=answer, data_is_json=False, message_type=message_type,
                    response_id=transport_json['request_id'], destination_id=transport_json['source_id'])
            try:
                self.numbers[message_type].append(json.loads(data)['number'])
            except Exception:
                self.messages[message_type].append(
                    {'header': transport_json, 'data': data.decode(), 'binary': (binary or b'').hex()})

        await self.api.start_waiting_for_messages(message_type=message_type, message_received_cb=received)

    async def listen_slowly(self, message_type, path, pause):
        """Writes the number of each message into a file when it is done with it, and needs a while for each."""
        done = open(path, 'ab', buffering=0)

        async def received(logger, transport_json, data, binary):
            time.sleep(pause)
            done.write(b'%d\n' % json.loads(data)['number'])

        await self.api.start_waiting_for_messages(message_type=message_type, message_received_cb=received)

    async def send_numbers(self, message_type, count, destination=None, first=0, pause=0):
        sent = 0
        for number in range(first, first + count):
            sent += bool(await self.api.send_message(
                data={'number': number}, message_type=message_type, destination_id=destination))
            if pause:
                await asyncio.sleep(pause)
        return sent

    async def send(self, **message):
        if 'binary' in message:
            message['binary'] = bytes.fromhex(message['binary'])
        result = await self.api.send_message(**message)
        if isinstance(result, (tuple, list)):
            header, data, binary = result
            return {'header': header, 'data': (data or b'').decode(), 'binary': (binary or b'').hex()}
        return result

    async def cut_files(self, size):
        """The API reads this size only from its constructor, never from a configuration."""
        self.api.max_size_chunk_upload = size

    async def ask_with_power_of_two(self, exponent):
        """Such a number stays here: in the driver's JSON it would lose digits."""
        header, data, _ = await self.api.send_message(
            data='ping', data_is_json=False, message_type='any', await_response=True,
            await_response_timeout=20, request_id=2 ** exponent)
        return {'data': data.decode(), 'same_id': header['response_id'] == 2 ** exponent}

    async def collect(self, message_type, answer=False):
        """Keeps each message as it came; with answer, sends the data of each back as its response."""
        kept = self.messages[message_type] = []

        async def received(logger, transport_json, data, binary):
            kept.append({'header': transport_json, 'data': data.hex(), 'binary': (binary or b'').hex()})
            if answer:
                await self.api.send_message(
                    data=data, data_is_json=False, message_type=message_type,
                    response_id=transport_json['request_id'], destination_id=transport_json['source_id'])

        await self.api.start_waiting_for_messages(message_type=message_type, message_received_cb=received)

    async def collected(self, message_type, first):
        return self.messages[message_type][first:]

    async def send_all(self, messages, pause):
        sent = 0
        for message in messages:
            sent += bool(await self.api.send_message(**unpacked(message)))
            if pause:
                await asyncio.sleep(pause)
        return sent

    async def request_all(self, messages, pause, at_once):
        """The data of each response in hex, in the order of the requests; null for one that did not come."""
        places = asyncio.Semaphore(at_once)

        async def request(message):
            async with places:
                response = await self.api.send_message(
                    await_response=True, await_response_timeout=20, **unpacked(message))
                return {'header': response[0], 'data': response[1].hex()} if response else None

        asked = []
        for message in messages:
            asked.append(asyncio.ensure_future(request(message)))
            if pause:
                await asyncio.sleep(pause)
        return await asyncio.gather(*asked)

    async def tool(self, name, args=(), **given):
        if self.remote_tool is None:
            self.remote_tool = aioconnectors.ConnectorRemoteTool(config_file_path=self.config_path)
        answer = await getattr(self.remote_tool, name)(*args, **given)
        return answer.decode() if isinstance(answer, bytes) else answer

    async def numbers_of(self, message_type):
        return self.numbers[message_type]

    async def count_of(self, message_type):
        return len(self.numbers[message_type])

    async def messages_of(self, message_type):
        return self.messages[message_type]


def unpacked(message):
    for key in ('data', 'binary'):
        if key + '_hex' in message:
            message[key] = bytes.fromhex(message.pop(key + '_hex'))
    return message


async def main():
    program = Program(sys.argv[1])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        call = json.loads(line)
        try:
            answer = {'result': await getattr(program, call.pop('do'))(**call)}
        except Exception as error:
            answer = {'error': repr(error)}
        print('ANSWER ' + json.dumps(answer), flush=True)


asyncio.run(main())
