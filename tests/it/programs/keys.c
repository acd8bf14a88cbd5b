/*
 * keys add: puts a key into the user's own keyring and prints "KEYRING KEY", their numbers.
 * keys steal KEYRING KEY: reads the key, by force of being the same user; prints what it says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { USER_KEYRING = -4, PROCESS_KEYRING = -2, GET_ID = 0, LINK = 8, READ = 11 };

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "add") == 0) {
        long ring = syscall(SYS_keyctl, GET_ID, USER_KEYRING, 1);
        long key = syscall(SYS_add_key, "user", "box-test", "the secret", 10, USER_KEYRING);
        printf("%ld %ld\n", ring, key);
        return ring < 0 || key < 0;
    }
    if (argc == 4 && strcmp(argv[1], "steal") == 0) {
        char text[64] = "";
        long linked = syscall(SYS_keyctl, LINK, atol(argv[2]), PROCESS_KEYRING);
        int why = errno;
        long length = syscall(SYS_keyctl, READ, atol(argv[3]), text, sizeof text - 1);
        printf("link %s, read %s, text %s\n", linked == 0 ? "ok" : strerror(why),
               length >= 0 ? "ok" : strerror(errno), text);
        return 0;
    }
    return 2;
}
