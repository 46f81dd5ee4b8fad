"""Python's connector, some of whose frames claim another name: impersonator.py <name> <config file>

As `create_connector`; what programs send with data that begin with `forged` leaves under that name.
"""
import sys

import aioconnectors
from aioconnectors.connection import FullDuplex

NAME, CONFIG = sys.argv[1:]
honestly = FullDuplex.send_message


async def send_message(self, *args, **given):
    header = given.get('transport_json')
    if header and bytes(given.get('data') or b'').startswith(b'forged'):
        given['transport_json'] = {**header, 'source_id': NAME}
    await honestly(self, *args, **given)


FullDuplex.send_message = send_message
aioconnectors.applications.create_connector(CONFIG)
