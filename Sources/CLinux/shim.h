#ifndef TRIBUTARY_CLINUX_SHIM_H
#define TRIBUTARY_CLINUX_SHIM_H

// What is needed of Linux beyond what Swift's Glibc module brings.
#ifdef __linux__
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

extern long syscall(long number, ...);
struct sockaddr;
/// Declared by <sys/socket.h> for _GNU_SOURCE alone.
extern int accept4(int socket, struct sockaddr *address, unsigned int *length, int flags);
extern void *memmem(const void *bytes, size_t count, const void *part, size_t part_count);

/// Has the kernel send this process a signal when the thread that started it is gone.
static inline int linux_signal_with_parent(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

/// The cores that the calling thread may use, one bit each. Returns the bytes written, or -1.
static inline long linux_get_cores(void *mask, size_t count) {
    return syscall(SYS_sched_getaffinity, 0, count, mask);
}

static inline long linux_set_cores(const void *mask, size_t count) {
    return syscall(SYS_sched_setaffinity, 0, count, mask);
}
#endif

#endif
