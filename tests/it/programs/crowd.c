/* Makes processes until the kernel has no more for us, and keeps trying. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    for (int made = 0, full = 0; made < 500;) {
        int pid = fork();
        if (pid == 0)
            for (;;)
                pause();
        if (pid > 0) {
            made++;
            continue;
        }
        if (!full++)
            printf("full\n"), fflush(stdout);
        usleep(20000);
    }
    printf("there is no end\n");
    return 1;
}
