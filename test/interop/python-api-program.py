# An application on Python's own API. Usage: python-api-program.py CONFIG LISTEN_TYPE
# It answers each message that awaits a response with {"echo": <data>, "from": <its sender>}, and passes every other on to
# its standard output as one line of JSON. Each line of its standard input is a JSON object of arguments for send_message,
# with binary in hex; what comes of it is written out too.
import asyncio
import json
import os
import sys

import aioconnectors

config, listen_type = sys.argv[1:]


def tell(**what):
    print(json.dumps(what), flush=True)


def text(value):
    return value.decode() if isinstance(value, bytes) else value


async def main():
    api = aioconnectors.ConnectorAPI(config_file_path=config, use_default_logger=False)

    async def received(logger, header, data, binary):
        if header.get('await_response'):
            answer = {'echo': json.loads(data.decode()), 'from': header['source_id']}
            await api.send_message(
                message_type=header['message_type'], destination_id=header['source_id'],
                response_id=header['request_id'], data=answer, binary=binary)
        else:
            tell(header=header, data=text(data), binary=binary.hex() if binary else None)

    await api.start_waiting_for_messages(message_type=listen_type, message_received_cb=received)
    tell(ready=True)
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            break
        arguments = json.loads(line)
        if arguments.get('binary'):
            arguments['binary'] = bytes.fromhex(arguments['binary'])
        result = await api.send_message(**arguments)
        if isinstance(result, tuple):
            header, data, binary = result
            tell(response=header, data=text(data), binary=binary.hex() if binary else None)
    api.stop_waiting_for_messages(message_type=listen_type)
    # An orderly end of asyncio prints a traceback for each connection that a connector still holds.
    os._exit(0)


asyncio.run(main())
