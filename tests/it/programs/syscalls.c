/*
 * Tries every system call of x86_64 and of i386 in a child of its own and prints what came of it, a
 * line each: the instruction set, the number, and an error number, "ok", "signal N", "exit" (it did
 * not come back) or "waits". Then a few calls whose arguments matter to a filter, by name.
 *
 * All arguments are -1, which is no descriptor, no address and no process, so that hardly anything
 * happens; what does happen, happens to the child.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAST = 511, TRIES = 2048, UNTOUCHED = 0x7ead };

/* A place for each try: what a fork, tried, leaves behind may write late. */
static volatile long *result;

static inline __attribute__((always_inline)) long call64(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long answer;
    __asm__ volatile("syscall"
                     : "=a"(answer)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return answer;
}

/* The i386 entry works from 64-bit code too. Its sixth argument is ebp, which the compiler needs. */
static inline __attribute__((always_inline)) long call32(long number, long a, long b, long c, long d, long e) {
    int answer;
    __asm__ volatile("push %%rbp\n\tmov $-1, %%ebp\n\tint $0x80\n\tpop %%rbp"
                     : "=a"(answer)
                     : "a"((int)number), "b"((int)a), "c"((int)b), "d"((int)c), "S"((int)d), "D"((int)e)
                     : "r8", "r9", "r10", "r11", "memory");
    return answer;
}

static void leave(void) {
    call64(231 /* exit_group */, 0, 0, 0, 0, 0, 0);
}

static void report(const char *what, pid_t child) {
    int status = 0;
    int waits = 1;
    for (int i = 0; i < 3000 && waits; i++) {
        if (waitpid(child, &status, WNOHANG) == child)
            waits = 0;
        else
            usleep(i < 200 ? 50 : 1000);
    }
    if (waits) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        printf("%s waits\n", what);
    } else if (WIFSIGNALED(status)) {
        printf("%s signal %d\n", what, WTERMSIG(status));
    } else if (*result == UNTOUCHED) {
        printf("%s exit\n", what);
    } else if (*result < 0 && *result > -4096) {
        printf("%s %ld\n", what, -*result);
    } else {
        printf("%s ok\n", what);
    }
}

#define TRY(what, expression)                                                                      \
    do {                                                                                           \
        *++result = UNTOUCHED;                                                                     \
        pid_t child = fork();                                                                      \
        if (child == 0) {                                                                          \
            *result = (expression);                                                                \
            leave();                                                                               \
        }                                                                                          \
        report(what, child);                                                                       \
    } while (0)

int main(void) {
    result = mmap(NULL, TRIES * sizeof *result, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (result == MAP_FAILED)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    char what[64];
    for (long number = 0; number <= LAST; number++) {
        if (number == 162) /* sync: it writes out the whole machine's files */
            continue;
        snprintf(what, sizeof what, "x86_64 %ld", number);
        TRY(what, call64(number, -1, -1, -1, -1, -1, -1));
    }
    for (long number = 0; number <= LAST; number++) {
        if (number == 36) /* sync */
            continue;
        snprintf(what, sizeof what, "i386 %ld", number);
        TRY(what, call32(number, -1, -1, -1, -1, -1));
    }
    TRY("getpid-x32", call64(0x40000000 + 39, 0, 0, 0, 0, 0, 0));
    TRY("number-1", call64(-1, 0, 0, 0, 0, 0, 0));
    TRY("socket-unix", call64(41, 1, 1, 0, 0, 0, 0));
    TRY("socket-audit", call64(41, 16, 3, 9, 0, 0, 0));
    TRY("socket-alg", call64(41, 38, 5, 0, 0, 0, 0));
    TRY("socket-alg-high", call64(41, 0x100000026, 5, 0, 0, 0, 0));
    TRY("socket-vsock", call64(41, 40, 1, 0, 0, 0, 0));
    TRY("socket-i386-alg", call32(359, 38, 5, 0, 0, 0));
    TRY("socket-i386-unix", call32(359, 1, 1, 0, 0, 0));
    TRY("personality-0", call64(135, 0, 0, 0, 0, 0, 0));
    TRY("personality-8", call64(135, 8, 0, 0, 0, 0, 0));
    TRY("personality-20000", call64(135, 0x20000, 0, 0, 0, 0, 0));
    TRY("personality-20008", call64(135, 0x20008, 0, 0, 0, 0, 0));
    TRY("personality-ask", call64(135, 0xffffffff, 0, 0, 0, 0, 0));
    TRY("personality-no-randomize", call64(135, 0x40000, 0, 0, 0, 0, 0));
    TRY("keyctl-join", call64(250, 1, 0, 0, 0, 0, 0));
    TRY("keyctl-user-keyring", call64(250, 0, -4, 0, 0, 0, 0));
    TRY("clone-newuser", call64(56, 0x10000011, 0, 0, 0, 0, 0));
    TRY("unshare-newuser", call64(272, 0x10000000, 0, 0, 0, 0, 0));
    TRY("unshare-newns", call64(272, 0x20000, 0, 0, 0, 0, 0));
    TRY("setns-none", call64(308, 0, 0, 0, 0, 0, 0));
    return 0;
}
