#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the system allows this process.
enum ProcessLimits {
    /// Raises the number of open files, and so of streams, to what the system allows at most.
    static func raiseOpenFiles() {
        guard var limit = openFilesLimit, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // Where it fails, the old limit holds.
        _ = setrlimit(openFilesResource, &limit)
    }

    /// Has the kernel make its table of this process's files as long as it will get; up to 65,536 of them, which takes 512 KiB.
    ///
    /// A process with threads that outgrows its table, at 64, 128, 256 … files, waits in `accept` until every core has seen the new
    /// one: 5 to 15 ms, and all streams with it. `expand_fdtable` in Linux' fs/file.c.
    static func reserveOpenFiles() {
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let last = fcntl(file, F_DUPFD_CLOEXEC, CInt(min(openFiles ?? .max, 65_536) - 1))
        if last >= 0 { close(last) }
        close(file)
    }

    /// How many files, sockets among them, the process may have open; `nil` for no limit.
    static var openFiles: Int? {
        // "No limit" is a number beyond any other.
        openFilesLimit.flatMap { $0.rlim_cur > 1 << 40 ? nil : Int($0.rlim_cur) }
    }

    private static var openFilesLimit: rlimit? {
        var limit = rlimit()
        return getrlimit(openFilesResource, &limit) == 0 ? limit : nil
    }

    #if canImport(Glibc)
        private static let openFilesResource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let openFilesResource = RLIMIT_NOFILE
    #endif

    /// A socket whose other end is gone is an error of the write, not the end of the process.
    static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
