// Does many things to files, chosen by the seed in argv[1]; argv[2] says how many. Prints each with what came
// of it, and at the end all that is there: on two file systems that behave alike the same is printed.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static uint64_t state;

static unsigned any(unsigned below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

// A few names, so that they meet: three levels of directories d0 to d3 with files and links in them.
static void path(char *to) {
    static const char *const names[] = {"a", "b", "c", "d0", "d1", "d2", "d3", "l"};
    int depth = 1 + (int)any(3);
    *to = 0;
    for (int at = 0; at < depth; at++) {
        if (at) strcat(to, "/");
        strcat(to, at + 1 < depth ? names[3 + any(5)] : names[any(8)]);
    }
    // Now and then a name that is as long as one can be, or one byte longer.
    if (any(60) == 0) {
        size_t length = strlen(to);
        memset(to + length, 'n', 256);
        to[length + 254 + any(2)] = 0;
    }
}

static long result(long value) { return value < 0 ? -errno : value; }

static unsigned sum(int fd) {
    unsigned char buffer[4096];
    unsigned sum = 0;
    ssize_t n;
    off_t at = 0;
    while ((n = pread(fd, buffer, sizeof buffer, at)) > 0) {
        for (ssize_t i = 0; i < n; i++) sum = sum * 31 + buffer[i];
        at += n;
    }
    return n < 0 ? (unsigned)errno : sum;
}

static void show(const char *name) {
    struct stat s;
    if (lstat(name, &s) < 0) {
        printf(" [%d]", errno);
        return;
    }
    printf(" [%o %u:%u", s.st_mode, s.st_uid, s.st_gid);
    if (!S_ISDIR(s.st_mode)) printf(" %u %lld", (unsigned)s.st_nlink, (long long)s.st_size);
    printf("]");
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *name, int deep) {
    DIR *dir = opendir(name);
    if (!dir) {
        printf("  %s %d\n", name, errno);
        return;
    }
    char *names[512];
    size_t n = 0;
    for (struct dirent *entry; n < 512 && (entry = readdir(dir));) {
        struct stat s;
        // What the directory says of an entry is what the entry says of itself.
        if (fstatat(dirfd(dir), entry->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && strcmp(entry->d_name, "..") != 0
            && (entry->d_type != DT_UNKNOWN && (s.st_mode >> 12) != entry->d_type))
            printf("  %s/%s: type %d\n", name, entry->d_name, entry->d_type);
        names[n++] = strdup(entry->d_name);
    }
    closedir(dir);
    qsort(names, n, sizeof *names, compare);
    for (size_t i = 0; i < n; i++) {
        char full[PATH_MAX], more[PATH_MAX];
        snprintf(full, sizeof full, "%s/%s", name, names[i]);
        int dots = strcmp(names[i], ".") == 0 || strcmp(names[i], "..") == 0;
        if (deep && !dots) {
            printf("  %s", full);
            show(full);
            struct stat s;
            lstat(full, &s);
            ssize_t length = listxattr(full, more, sizeof more);
            for (ssize_t at = 0; !S_ISLNK(s.st_mode) && at < length; at += (ssize_t)strlen(more + at) + 1)
                printf(" %s=%zd", more + at, getxattr(full, more + at, NULL, 0));
            if (S_ISREG(s.st_mode)) {
                int fd = open(full, O_RDONLY);
                printf(" %u", sum(fd));
                close(fd);
            }
            if ((length = readlink(full, more, sizeof more - 1)) >= 0) printf(" %.*s", (int)length, more);
            if (s.st_mtime < 2000000000 / 2 || s.st_mtime > 2000000000) printf(" %lld", (long long)s.st_mtime);
            printf("\n");
            if (S_ISDIR(s.st_mode)) list(full, 1);
        } else if (!deep) {
            printf(" %s", names[i]);
        }
        free(names[i]);
    }
}

// Files that stay open over many steps, whatever happens to their names.
enum { OPEN = 6 };
static int open_files[OPEN];

static void step(unsigned number) {
    char a[PATH_MAX], b[PATH_MAX], buffer[8192];
    path(a);
    path(b);
    int *held = &open_files[any(OPEN)];
    unsigned what = any(34);
    off_t at = any(5) == 0 ? any(200000) : any(9000);
    size_t length = any(sizeof buffer);
    memset(buffer, 'A' + (int)any(26), sizeof buffer);
    printf("%u: %u %s %s", number, what, a, b);
    long done = 0;
    switch (what) {
    case 0: case 1: case 2: case 3: {
        static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_TRUNC, O_RDONLY | O_NOFOLLOW,
            O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_WRONLY | O_CREAT | O_TRUNC, O_RDONLY | O_DIRECTORY, O_PATH,
            O_RDWR | O_CREAT | O_APPEND | O_SYNC, O_RDWR | O_CREAT | O_NOFOLLOW, O_WRONLY | O_CREAT | O_DIRECTORY};
        if (*held >= 0) close(*held);
        int how = flags[any(14)];
        *held = open(a, how | O_NONBLOCK, 0644);
        printf(" %x", how);
        done = *held < 0 ? -errno : 0;
        break;
    }
    case 4: case 5: done = result(write(*held, buffer, length)); break;
    case 6: case 7: done = result(pwrite(*held, buffer, length, at)); break;
    case 8: done = result(read(*held, buffer, length)); break;
    case 9: done = result(ftruncate(*held, at)); break;
    case 10: done = result(truncate(a, any(3) ? at : 0)); break;
    case 11: case 12: done = result(rename(a, b)); break;
    case 13: {
        unsigned how = any(8);
        printf(" %u", how);
        done = result(syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, how & ~4u));
        break;
    }
    case 14: done = result(link(a, b)); break;
    case 15: done = result(symlink(any(4) ? b : a, a)); break;
    case 16: case 17: done = result(unlink(a)); break;
    case 18: case 19: done = result(mkdir(a, any(2) ? 0755 : 02775)); break;
    case 20: done = result(rmdir(a)); break;
    case 21: done = result(chmod(a, any(2) ? 0644 : any(07777 + 1) | 0700)); break;
    case 22: done = result(lchown(a, any(2) ? 0 : any(5), any(2) ? (gid_t)-1 : any(5))); break;
    case 23: {
        static const int64_t seconds[] = {0, -1, 1, 4000000000, -2000000000, INT64_MIN, INT64_MAX, INT64_MIN + 1};
        struct timespec times[2] = {{seconds[any(8)], any(1000000000)}, {seconds[any(8)], any(1000000000)}};
        if (any(4) == 0) times[any(2)].tv_nsec = UTIME_OMIT;
        done = result(utimensat(AT_FDCWD, a, times, any(2) ? AT_SYMLINK_NOFOLLOW : 0));
        break;
    }
    case 24: {
        static const char *const names[] = {"user.a", "user.b", "trusted.a", "security.x", "user.", "system.x"};
        const char *name = names[any(6)];
        size_t size = any(4) ? length % 3000 : 0;
        printf(" %s", name);
        switch (any(3)) {
        case 0: done = result(getxattr(a, name, any(2) ? buffer : NULL, any(2) ? size : 0)); break;
        case 1: done = result(removexattr(a, name)); break;
        default: done = result(setxattr(a, name, buffer, size, (int)any(4)));
        }
        // The two differ in what they call it that there can be none.
        if (done == -EOPNOTSUPP || done == -EPERM) done = -ENODATA;
        break;
    }
    case 25: {
        static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
            FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
        int mode = modes[any(5)];
        printf(" %d", mode);
        done = result(fallocate(*held, mode, at, any(20) ? length + 1 : 0));
        break;
    }
    case 26: {
        static const off_t offsets[] = {0, 1, 4096, 5000, -1, INT32_MAX, 1 << 20};
        int whence = (int)any(6);
        off_t offset = offsets[any(7)];
        struct stat s;
        // What the position of a directory can be is the file system's business.
        if (fstat(*held, &s) < 0 || S_ISREG(s.st_mode)) done = result(lseek(*held, offset, whence));
        // Where the holes are is the disk's business.
        if ((whence == SEEK_DATA || whence == SEEK_HOLE) && done > 0) done = 1;
        lseek(*held, any(5000), SEEK_SET);
        break;
    }
    case 27: {
        struct stat s;
        if (fstat(*held, &s) < 0 || s.st_size == 0 || !S_ISREG(s.st_mode)) break;
        char *map = mmap(NULL, (size_t)s.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, *held, 0);
        if (map == MAP_FAILED) {
            done = -errno;
            break;
        }
        map[any((unsigned)s.st_size)] = 'm';
        done = result(msync(map, (size_t)s.st_size, MS_SYNC));
        munmap(map, (size_t)s.st_size);
        break;
    }
    case 28: {
        int other = open_files[any(OPEN)];
        loff_t from = any(9000), to = any(9000);
        if (other != *held) done = result(copy_file_range(other, &from, *held, &to, length, 0));
        break;
    }
    case 29: {
        static const mode_t kinds[] = {S_IFREG, S_IFIFO, S_IFSOCK};
        done = result(mknod(a, kinds[any(3)] | 0640, 0));
        break;
    }
    case 30: {
        printf(":");
        char full[PATH_MAX];
        snprintf(full, sizeof full, "./%.*s", (int)(strchr(a, '/') ? strchr(a, '/') - a : (long)strlen(a)), a);
        list(full, 0);
        break;
    }
    case 31: {
        struct stat s;
        done = result(fstat(*held, &s));
        if (done == 0) printf(" {%o %lld}", s.st_mode, S_ISDIR(s.st_mode) ? 0 : (long long)s.st_size);
        break;
    }
    case 32: done = result(any(2) ? fsync(*held) : fdatasync(*held)); break;
    default:
        if (*held >= 0) done = sum(*held);
    }
    printf(" = %ld", done);
    if (any(2)) show(a);
    if (any(4) == 0) show(b);
    printf("\n");
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    unsigned steps = argc > 2 ? (unsigned)atoi(argv[2]) : 1000;
    umask(022);
    for (int i = 0; i < OPEN; i++) open_files[i] = -1;
    for (int i = 0; i < 8; i++) any(2);
    for (unsigned number = 0; number < steps; number++) step(number);
    list(".", 1);
    return 0;
}
