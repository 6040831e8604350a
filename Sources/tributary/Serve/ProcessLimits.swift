#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the system allows this process.
enum ProcessLimits {
    /// Raises the number of open files, and so of streams, to what the system allows at most.
    static func raiseOpenFiles() {
        #if canImport(Glibc)
            let openFiles = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let openFiles = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(openFiles, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // Where it fails, the old limit holds.
        _ = setrlimit(openFiles, &limit)
    }

    /// A socket whose other end is gone is an error of the write, not the end of the process.
    static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
