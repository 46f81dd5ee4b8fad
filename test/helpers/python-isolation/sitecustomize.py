# Python's chat keeps its certificates and sockets in one directory of /var/tmp for all the chats of a machine: a second
# chat asks whether to delete the first one's. Without /var/tmp it takes its user's home, and each of ours has its own.
# Python imports a module of this name by itself when this directory is in PYTHONPATH.
import os

_exists = os.path.exists
os.path.exists = lambda path: path != '/var/tmp' and _exists(path)
