# Sends readings, answers an order, and asks a question. Its connector is another process: Python's or aioc's.
# Usage: weather-station.py client.json
import asyncio
import json
import sys

import aioconnectors

api = aioconnectors.ConnectorAPI(config_file_path=sys.argv[1])
ordered = asyncio.Event()


async def on_order(logger, transport_json, data, binary):
    print(f'ordered: {data.decode()}')
    await api.send_message(
        message_type='order', destination_id=transport_json['source_id'], data=f'done: {data.decode()}',
        data_is_json=False, response_id=transport_json['request_id'])
    ordered.set()


async def main():
    await api.start_waiting_for_messages(message_type='order', message_received_cb=on_order)
    for celsius in (21.5, 28, 31):
        await api.send_message(message_type='reading', data={'celsius': celsius}, binary=b'\x00\xff' * 100)
    await ordered.wait()

    transport_json, data, binary = await api.send_message(
        message_type='question', data='How hot was it?', data_is_json=False, await_response=True, request_id=1)
    answer = json.loads(data.decode())
    print(f"{answer['count']} readings, {answer['highest']} degrees at most")
    api.stop_waiting_for_messages(message_type='order')


asyncio.run(main())
