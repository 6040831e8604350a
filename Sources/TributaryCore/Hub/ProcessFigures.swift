#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the operating system says of this process.
enum ProcessFigures {
    static var processID: Int { Int(getpid()) }

    /// Resident memory in bytes; 0 where there is no `/proc`.
    /// Source: https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
    static var residentBytes: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 128)
        guard fgets(&text, Int32(text.count), file) != nil else { return 0 }
        let fields = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
