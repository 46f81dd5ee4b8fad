/** What to do on the peer after a certificate was deleted here. */

/** On the server. @param client - the name on the deleted certificate */
export function afterDeletingClient(client: string): string {
  return [
    `deleted, and ${client} is disconnected. To connect again, it must also delete its own certificate; it then receives a new one:`,
    `on ${client}, press d on the aioc screen, or run aioc cli ${client} delete_client_certificate,`,
    `or the same command of python3 -m aioconnectors cli if ${client} is a Python client`,
  ].join(' ');
}

/** On the client. */
export function afterDeletingOwn(): string {
  return [
    'deleted; this client now uses the default certificate and requests a new one.',
    'The server issues it only after the old one is deleted there, too:',
    'on the server, press d on the aioc screen, or run delete_client_certificate in aioc cli,',
    'or the same command of python3 -m aioconnectors cli if it is a Python server',
  ].join(' ');
}
