/** What the other side must do after a certificate was deleted here: nothing else tells its user. */

/** On the server. @param client - the name on the deleted certificate */
export function afterDeletingClient(client: string): string {
  return [
    `deleted, and ${client} is cut off. To let it in again it must delete its own certificate, too, and then asks for a new one:`,
    `there, d on its aioc screen, or aioc cli ${client} delete_client_certificate,`,
    `or the same command of python3 -m aioconnectors cli if ${client} is a Python client`,
  ].join(' ');
}

/** On the client. */
export function afterDeletingOwn(): string {
  return [
    'deleted; this side uses the default certificate and asks the server for a new one.',
    'The server gives it one only when it has deleted the old one, too:',
    'there, d on its aioc screen, or delete_client_certificate in aioc cli,',
    'or the same command of python3 -m aioconnectors cli if it is a Python server',
  ].join(' ');
}
