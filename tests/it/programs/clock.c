// Loaded into every program before all else: the wall clock is ahead by the seconds in the file OFFSET, or behind.
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    long done = call(SYS_clock_gettime, clock, (long)at, 0);
    if (done != 0 || clock != CLOCK_REALTIME) return done == 0 ? 0 : -1;
    char text[32];
    int file = (int)call(SYS_open, (long)OFFSET, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) return 0;
    long length = call(SYS_read, file, (long)text, sizeof text), ahead = 0;
    call(SYS_close, file, 0, 0);
    for (long i = text[0] == '-'; i < length && text[i] >= '0'; i++) ahead = ahead * 10 + text[i] - '0';
    at->tv_sec += text[0] == '-' ? -ahead : ahead;
    return 0;
}
