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
