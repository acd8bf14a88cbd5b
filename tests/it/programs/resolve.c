/* resolve COUNT NAME...: asks for each name COUNT times at once. A line for each: how many were answered, and
   the IPv4 addresses of the last answer. Static, so that the resolver is that of the C library it is built with. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int answered;
static char addresses[16384];

static void *ask(void *name) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found, *each;
    int failed = getaddrinfo(name, NULL, &hints, &found);
    if (failed)
        return NULL;
    pthread_mutex_lock(&lock);
    answered++;
    addresses[0] = 0;
    for (each = found; each; each = each->ai_next) {
        char text[INET_ADDRSTRLEN];
        const struct sockaddr_in *at = (const struct sockaddr_in *)each->ai_addr;
        inet_ntop(AF_INET, &at->sin_addr, text, sizeof text);
        size_t used = strlen(addresses);
        snprintf(addresses + used, sizeof addresses - used, " %s", text);
    }
    pthread_mutex_unlock(&lock);
    freeaddrinfo(found);
    return NULL;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 0;
    pthread_t *threads = calloc(count ? count : 1, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 * 1024);
    for (int n = 2; n < argc; n++) {
        answered = 0;
        addresses[0] = 0;
        for (int i = 0; i < count; i++)
            if (pthread_create(&threads[i], &small, ask, argv[n]))
                return 1;
        for (int i = 0; i < count; i++)
            pthread_join(threads[i], NULL);
        printf("%d%s\n", answered, addresses);
    }
    return 0;
}
