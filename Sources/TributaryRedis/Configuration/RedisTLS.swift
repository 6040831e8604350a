import NIOSSL

/// How a `rediss://` connection is secured.
public struct RedisTLS: Sendable, Equatable {
    /// What the server's certificate must prove.
    public enum Verification: String, Sendable, CaseIterable {
        /// A trusted issuer and the name that was connected to.
        case full
        /// A trusted issuer; any name.
        case ca
        /// Nothing: whoever answers is believed.
        case none
    }

    public var verification = Verification.full
    /// A PEM file of trusted issuers; `nil` means the system's.
    public var caFile: String?
    /// PEM files for a Redis that asks its clients for a certificate (`tls-auth-clients yes`).
    public var certificateFile: String?
    public var keyFile: String?
    /// The name for SNI and verification, if it differs from the host.
    public var serverName: String?

    public init() {}

    /// - Throws: ``RedisConfigurationError/tls(_:)`` if a file is missing or is not what it should be.
    func makeContext() throws(RedisConfigurationError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification =
                switch verification {
                case .full: .fullVerification
                case .ca: .noHostnameVerification
                case .none: .none
                }
            if let caFile { configuration.trustRoots = .file(caFile) }
            if let certificateFile {
                configuration.certificateChain =
                    try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) }
            }
            if let keyFile { configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem)) }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let files = [caFile, certificateFile, keyFile].compactMap(\.self).joined(separator: ", ")
            throw .tls("cannot use \(files.isEmpty ? "the system's certificates" : files): \(error)")
        }
    }
}
