import CLinux
import Glibc

/// The head of an HTTP/1.1 response, as far as a load generator cares.
struct ResponseHead: Equatable {
    var status: Int
    var isChunked: Bool
    var contentLength: Int?
    /// Bytes up to and with the empty line.
    var count: Int

    /// Reads the head that `bytes` begin with.
    ///
    /// - Returns: `nil` while it is incomplete; a status of 0 for what is no HTTP response.
    static func read(_ bytes: UnsafeRawBufferPointer) -> ResponseHead? {
        guard let base = bytes.baseAddress, let end = memmem(base, bytes.count, "\r\n\r\n", 4) else { return nil }
        let count = UnsafeRawPointer(end) - base + 4
        var lines = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[..<count]), as: UTF8.self)
            .split(separator: "\r\n").makeIterator()
        let first = (lines.next() ?? "").split(separator: " ")
        var head = ResponseHead(status: 0, isChunked: false, contentLength: nil, count: count)
        guard first.count >= 2, first[0].hasPrefix("HTTP/1.") else { return head }
        head.status = Int(first[1]) ?? 0
        while let line = lines.next() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }.lowercased()
            switch parts[0].lowercased() {
            case "transfer-encoding": head.isChunked = value.hasSuffix("chunked")
            case "content-length": head.contentLength = Int(value)
            default: break
            }
        }
        return head
    }
}
