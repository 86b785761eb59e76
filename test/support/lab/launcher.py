"""
Opens the BGP port with a TCP-MD5 password for a network and TTL security, and becomes the given command, which gets the
socket as systemd would hand it over, and is told what was set: NETWORK LENGTH PASSWORD HOPS COMMAND...
"""

import os
import socket
import struct
import sys

TCP_MD5SIG_EXT = 32
TCP_MD5SIG_FLAG_PREFIX = 1
IP_MINTTL = 21
FIRST_DESCRIPTOR = 3

network, length, password, hops, *command = sys.argv[1:]
key = password.encode()
address = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(network))
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG_EXT, address.ljust(128, b"\0")
                    + struct.pack("=BBHi", TCP_MD5SIG_FLAG_PREFIX, int(length), len(key), 0) + key.ljust(80, b"\0"))
listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
listener.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 256 - int(hops))
listener.bind(("0.0.0.0", 179))
listener.listen(4096)
if listener.fileno() == FIRST_DESCRIPTOR:
    os.set_inheritable(FIRST_DESCRIPTOR, True)
else:
    os.dup2(listener.fileno(), FIRST_DESCRIPTOR)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), REFLECTD_LISTEN_PASSWORDS=f"{network}/{length}",
                  REFLECTD_LISTEN_TTL_HOPS=hops)
os.execv(command[0], command)
