/* echo PORT [many]: a service that says who is asking. TCP: a line with the client's address, then
   everything back; an end for an end. UDP: the address, a space and the datagram. On both families. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener(int type, int port) {
    int fd = socket(AF_INET6, type, 0), one = 1, zero = 0;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) || (type == SOCK_STREAM && listen(fd, 4096))) {
        perror("echo");
        exit(1);
    }
    return fd;
}

static int name(const struct sockaddr_in6 *from, char *text, size_t size) {
    char ip[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr))
        inet_ntop(AF_INET, &from->sin6_addr.s6_addr[12], ip, sizeof ip);
    else
        inet_ntop(AF_INET6, &from->sin6_addr, ip, sizeof ip);
    return snprintf(text, size, "%s %d", ip, ntohs(from->sin6_port));
}

int main(int argc, char **argv) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int port = argc > 1 ? atoi(argv[1]) : 7;
    int tcp = listener(SOCK_STREAM, port), udp = listener(SOCK_DGRAM, port), queue = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = tcp};
    epoll_ctl(queue, EPOLL_CTL_ADD, tcp, &event);
    event.data.fd = udp;
    epoll_ctl(queue, EPOLL_CTL_ADD, udp, &event);
    printf("ready\n");
    fflush(stdout);
    static char data[65536], line[66000];
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(queue, events, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            struct sockaddr_in6 from;
            socklen_t size = sizeof from;
            if (fd == tcp) {
                int client = accept(tcp, (struct sockaddr *)&from, &size);
                if (client < 0)
                    continue;
                int length = name(&from, line, sizeof line - 1);
                line[length++] = '\n';
                if (send(client, line, length, MSG_NOSIGNAL) != length) {
                    close(client);
                    continue;
                }
                event.data.fd = client;
                epoll_ctl(queue, EPOLL_CTL_ADD, client, &event);
            } else if (fd == udp) {
                ssize_t got = recvfrom(udp, data, sizeof data, 0, (struct sockaddr *)&from, &size);
                if (got < 0)
                    continue;
                int length = name(&from, line, 100);
                line[length++] = ' ';
                memcpy(line + length, data, got);
                sendto(udp, line, length + got, 0, (struct sockaddr *)&from, size);
            } else {
                ssize_t got = recv(fd, data, sizeof data, 0);
                if (got <= 0) {
                    close(fd);
                    continue;
                }
                for (ssize_t at = 0; at < got;) {
                    ssize_t sent = send(fd, data + at, got - at, MSG_NOSIGNAL);
                    if (sent <= 0)
                        break;
                    at += sent;
                }
            }
        }
    }
}
