#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

import Foundation

/// What the system says of this process, under the names that every Prometheus client has for it. Not on an event loop: it reads files.
enum ProcessMetrics {
    static var families: [MetricFamily] {
        var families: [MetricFamily] = [
            .gauge(
                "process_start_time_seconds", "When the process started, in seconds since 1970.", seconds: startTime),
            MetricFamily(
                name: "process_cpu_seconds", kind: .counter, help: "CPU time that the process has used.",
                series: [.init(value: .number(cpuSeconds))]),
        ]
        if let statistics = text(of: "/proc/self/statm")?.split(separator: " ").compactMap({ Int($0) }),
            statistics.count > 1
        {
            let page = sysconf(Int32(_SC_PAGESIZE))
            families += [
                .gauge("process_resident_memory_bytes", "Memory that is in use.", statistics[1] * page),
                .gauge("process_virtual_memory_bytes", "Address space that is in use.", statistics[0] * page),
            ]
        }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            // The directory itself is open meanwhile.
            families.append(.gauge("process_open_fds", "Open files, sockets among them.", max(0, files.count - 1)))
        }
        if let limit = openFilesLimit {
            families.append(.gauge("process_max_fds", "How many files may be open.", seconds: limit))
        }
        return families
    }

    /// As near as anybody needs: when this was first asked for, less what the process had run by then.
    private static let startTime: Double = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let wall = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
        // Field 22 of stat, in ticks since the system started; the name before it may hold spaces, but no ")" after its own.
        guard let stat = text(of: "/proc/self/stat"), let end = stat.lastIndex(of: ")"),
            let started = stat[end...].split(separator: " ").dropFirst(20).first.flatMap({ Double($0) }),
            let uptime = text(of: "/proc/uptime")?.split(separator: " ").first.flatMap({ Double($0) })
        else { return wall }
        return wall - uptime + started / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static var cpuSeconds: Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static var openFilesLimit: Double? {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return nil }
        return limit.rlim_cur > 1 << 62 ? .infinity : Double(limit.rlim_cur)
    }

    private static func text(of path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
