/* hold IP COUNT: opens so many connections to the name server there and keeps them with a byte a second.
   flood IP COUNT: asks so many times a second for names that nobody answers for.
   tcp IP NAME, udp IP NAME: asks for an address and says the answer's code and its number of records. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in server = {.sin_family = AF_INET};

static int reach(int type) {
    int fd = socket(AF_INET, type, 0);
    struct timeval patience = {.tv_sec = 8};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&server, sizeof server)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A question for the name's address, behind two bytes for its length. */
static int question(const char *name, int id, unsigned char *bytes) {
    memcpy(bytes + 2, (unsigned char[]){id >> 8, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 12);
    int at = 14;
    while (*name) {
        int length = strcspn(name, ".");
        bytes[at++] = length;
        memcpy(bytes + at, name, length);
        at += length;
        name += length + (name[length] == '.');
    }
    memcpy(bytes + at, (unsigned char[]){0, 0, 1, 0, 1}, 5);
    at += 5;
    bytes[0] = (at - 2) >> 8;
    bytes[1] = at - 2;
    return at;
}

static void hold(int count) {
    int *all = calloc(count, sizeof *all);
    for (int round = 0;; round++) {
        for (int i = 0; i < count; i++)
            if (round == 0 || all[i] < 0 || send(all[i], "", 1, 0) != 1) {
                if (round > 0 && all[i] >= 0)
                    close(all[i]);
                all[i] = reach(SOCK_STREAM);
            }
        printf("round %d\n", round);
        fflush(stdout);
        sleep(1);
    }
}

static void flood(int count) {
    unsigned char bytes[300];
    char name[64];
    int fd = reach(SOCK_DGRAM);
    for (int i = 0, round = 0;; round++) {
        for (int end = i + count; i < end; i++) {
            snprintf(name, sizeof name, "x%d.slow.example", i);
            int length = question(name, i, bytes);
            send(fd, bytes + 2, length - 2, 0);
            if (i % 50 == 0)
                usleep(2000);
        }
        printf("round %d\n", round);
        fflush(stdout);
        sleep(1);
    }
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    server.sin_port = htons(53);
    inet_pton(AF_INET, argv[2], &server.sin_addr);
    signal(SIGPIPE, SIG_IGN);
    if (!strcmp(argv[1], "hold"))
        hold(atoi(argv[3]));
    if (!strcmp(argv[1], "flood"))
        flood(atoi(argv[3]));
    unsigned char bytes[4096];
    int length = question(argv[3], 77, bytes), tcp = !strcmp(argv[1], "tcp"), skip = tcp ? 0 : 2;
    int fd = reach(tcp ? SOCK_STREAM : SOCK_DGRAM);
    send(fd, bytes + skip, length - skip, 0);
    int got = recv(fd, bytes + skip, sizeof bytes - skip, 0);
    if (got < 12) {
        printf("no answer\n");
        return 1;
    }
    printf("%d %d\n", bytes[5] & 15, bytes[9]);
    return 0;
}
