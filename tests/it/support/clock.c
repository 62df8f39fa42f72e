/* Preloaded into redis-server: a wall clock that a test sets through the file $TEST_CLOCK, which holds two numbers of
 * nanoseconds: by how much the clock is fast, and the time at which it stands still (0: it goes). The monotonic clock
 * is left alone.
 *
 * Why not libfaketime: it and jemalloc, which Debian's redis-server allocates with, wait for each other at start. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static int64_t now(void) {
    static const volatile int64_t *set;
    if (!set) {
        int file = open(getenv("TEST_CLOCK"), O_RDONLY);
        set = mmap(NULL, 2 * sizeof *set, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    struct timespec right;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &right);
    return set[1] ? set[1] : right.tv_sec * SECOND + right.tv_nsec + set[0];
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, time);
    int64_t at = now();
    *time = (struct timespec){.tv_sec = at / SECOND, .tv_nsec = at % SECOND};
    return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    int64_t at = now();
    *time = (struct timeval){.tv_sec = at / SECOND, .tv_usec = at % SECOND / 1000};
    return 0;
}

time_t time(time_t *time) {
    time_t at = now() / SECOND;
    if (time)
        *time = at;
    return at;
}

/* Valkey lets a module find the C library's functions before ours: this takes the flag for it away. */
void *dlopen(const char *file, int flags) {
    void *(*open)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    return open(file, flags & ~RTLD_DEEPBIND);
}
