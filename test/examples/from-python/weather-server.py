# Takes readings of weather stations, answers questions about them, and gives orders. Connector and program are one process.
# Usage: weather-server.py server.json
import asyncio
import json
import sys

import aioconnectors


class WeatherServer:
    # Made within the running loop, in which the connector makes its tasks.
    def __init__(self, config):
        self.connector = aioconnectors.ConnectorManager(config_file_path=config)
        self.api = aioconnectors.ConnectorAPI(config_file_path=config)
        self.readings = {}

    async def on_reading(self, logger, transport_json, data, binary):
        station = transport_json['source_id']
        celsius = json.loads(data.decode())['celsius']
        self.readings.setdefault(station, []).append(celsius)
        print(f'{station}: {celsius} degrees, {len(binary or b"")} bytes of picture')
        if celsius > 30:
            # Not awaited here: the next reading comes when this callback has returned.
            asyncio.create_task(self.give_order(station, 'open the roof'))

    async def give_order(self, station, order):
        transport_json, data, binary = await self.api.send_message(
            message_type='order', destination_id=station, data=order, data_is_json=False,
            await_response=True, request_id=len(self.readings[station]))
        print(f'{station} answers: {data.decode()}')

    async def on_question(self, logger, transport_json, data, binary):
        station = transport_json['source_id']
        known = self.readings.get(station, [])
        answer = {'question': data.decode(), 'count': len(known), 'highest': max(known, default=None)}
        await self.api.send_message(
            message_type='question', destination_id=station, data=answer,
            response_id=transport_json['request_id'])

    async def run(self):
        await self.api.start_waiting_for_messages(message_type='reading', message_received_cb=self.on_reading)
        await self.api.start_waiting_for_messages(message_type='question', message_received_cb=self.on_question)
        await self.connector.start_connector()
        print('listening')
        await asyncio.Event().wait()


async def main():
    await WeatherServer(sys.argv[1]).run()


asyncio.run(main())
