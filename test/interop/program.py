"""A program of an application that talks through a connector, driven by a test.

Reads commands as JSON lines on its standard input and answers each with a JSON line on its standard output.
"""
import asyncio
import json
import sys

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

    async def tool(self, name, args=(), **given):
        if self.remote_tool is None:
            self.remote_tool = aioconnectors.ConnectorRemoteTool(config_file_path=self.config_path)
        answer = await getattr(self.remote_tool, name)(*args, **given)
        return answer.decode() if isinstance(answer, bytes) else answer

    async def numbers_of(self, message_type):
        return self.numbers[message_type]

    async def messages_of(self, message_type):
        return self.messages[message_type]


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
