import Foundation
import Glibc

/// CPU time and memory of processes, with all their threads and children, as /proc tells.
struct ProcessGauge: Sendable {
    let processes: [Int32]

    /// User and system time since their beginning.
    var cpuSeconds: Double {
        family.reduce(0) { $0 + Self.cpuSeconds(of: $1) }
    }

    var residentBytes: Int {
        family.reduce(0) { $0 + Self.residentBytes(of: $1) }
    }

    /// The processes and all that descend from them.
    private var family: [Int32] {
        var found = processes
        var index = 0
        while index < found.count {
            found += Self.children(of: found[index]).filter { !found.contains($0) }
            index += 1
        }
        return found
    }

    private static func children(of process: Int32) -> [Int32] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return tasks.flatMap { task in
            text("/proc/\(process)/task/\(task)/children").split(separator: " ").compactMap { Int32($0) }
        }
    }

    private static func cpuSeconds(of process: Int32) -> Double {
        // The name in parentheses may hold spaces.
        let fields = text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func residentBytes(of process: Int32) -> Int {
        kibibytes("VmRSS:", in: text("/proc/\(process)/status"))
    }

    /// The number on a line such as `VmRSS:  1234 kB`, in bytes.
    static func kibibytes(_ name: String, in text: String) -> Int {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return 0 }
        return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// Memory that the machine can still give, in bytes.
    static var availableBytes: Int { kibibytes("MemAvailable:", in: text("/proc/meminfo")) }
}
