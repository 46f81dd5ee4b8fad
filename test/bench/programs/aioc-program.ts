/** A program on aioc's library: `aioc-program.ts CONFIG`. */
import { ConnectorAPI } from 'aioc';
import { beProgram } from './program.ts';

const api = await ConnectorAPI.fromConfig(process.argv[2] as string);

beProgram({
  send: (data, { tagged = false, waitForAck = false }, number) => {
    if (tagged) return api.send({ messageType: 'any', tag: String(number), data });
    if (waitForAck) return api.send({ messageType: 'any', waitForAck, data });
    return api.send({ messageType: 'any', data });
  },
  request: (data) => api.request({ messageType: 'any', data }),
  listen: async (take) => {
    await api.listen('any', (message) => {
      if (message.awaitsResponse) return message.reply(message.data);
      take(message.data);
    });
  },
});
