"""A server in datagrams for the harness to start; it keeps who has joined in a file."""
import os
import socket
import sys


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    users = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, place = line.split()
                users[name] = ("127.0.0.1", int(place))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", port))
    pushes = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        data, source = server.recvfrom(65536)
        words = data.decode("utf-8", "replace").split(" ", 2)
        if words[0] == "JOIN" and len(words) == 3:
            users[words[1]] = ("127.0.0.1", int(words[2]))
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{words[1]} {words[2]}\n")
            server.sendto(f"JOINED {words[1]}".encode(), source)
        elif words[0] == "SAY" and len(words) == 3:
            server.sendto(b"SAID", source)
            for name, place in users.items():
                if name != words[1]:
                    pushes.sendto(f"HEARD {words[1]} {words[2]}".encode(), place)
        elif words[0] != "ACK":
            server.sendto(b"WRONG", source)


main()
