import Foundation

/// A certificate that signed itself, made by `openssl`.
public struct Certificate: Sendable {
    public let path: String
    public let keyPath: String

    /// Makes one for the time of `body`, in a folder of its own.
    @discardableResult
    public static func withCertificate<Value>(
        names: String = "DNS:localhost,IP:127.0.0.1",
        _ body: (Certificate) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = Certificate(
            path: folder.appendingPathComponent("cert.pem").path,
            keyPath: folder.appendingPathComponent("key.pem").path
        )
        try await certificate.make(names: names)
        return try await body(certificate)
    }

    /// Makes it anew, in place of the one that is there.
    public func make(names: String = "DNS:localhost,IP:127.0.0.1") async throws {
        try await ChildProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=\(names)", "-keyout", keyPath, "-out", path,
        ])
    }
}
