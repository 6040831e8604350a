import Glibc

/// Clocks, in nanoseconds.
enum Clock {
    /// `CLOCK_MONOTONIC`: the same in all processes of the machine.
    @inline(__always)
    static var now: UInt64 { read(CLOCK_MONOTONIC) }

    /// What the calling thread has computed so far.
    static var threadCPU: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

extension Double {
    /// Seconds as nanoseconds.
    var nanoseconds: UInt64 { UInt64(self * 1e9) }
}
